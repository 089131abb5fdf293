//! A member's certificate: whether it is the right one, how it gets another, and how managers hear of it.

use skep_identity::issuer_of;
use skep_manager::Certified;
use skep_manager::ca::Renewal;
use skep_manager::ca::client::{self, CaCallError};
use skep_model::{NodeCertificate, SwarmView};

use crate::follow::FollowError;
use crate::member::reached;
use crate::membership::Membership;
use crate::node::Node;

/// What a member has to do about its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CertificateStep {
    /// It is as managers want it.
    Keep,
    /// It was signed by the swarm's new root already: that one is trusted, alone, from now on.
    Trust(String),
    /// It has to be of another root.
    Renew,
}

/// What has to be done so that the certificate is as managers want it.
pub(crate) fn next_step(own: &NodeCertificate, view: &SwarmView) -> CertificateStep {
    let another_is_wanted = view.issuer.as_ref().is_some_and(|wanted| !own.is_of(wanted));
    if another_is_wanted {
        return CertificateStep::Renew;
    }
    if view.root_pem == own.trust_root_pem {
        return CertificateStep::Keep;
    }
    match issuer_of(&view.root_pem) {
        Ok(root) if own.is_of(&root) => CertificateStep::Trust(view.root_pem.clone()),
        _ => CertificateStep::Renew,
    }
}

/// The certificate that a member uses.
pub(crate) fn in_use(membership: &Membership) -> NodeCertificate {
    NodeCertificate {
        // One whose issuer is not known is renewed, and then it is.
        issuer: membership.issuer().unwrap_or_default(),
        trust_root_pem: membership.root_pem.clone(),
        renewal_asked_at: None,
    }
}

/// Asks one manager after the other for a new certificate; last without showing the present one, which managers do not accept
/// when it has ended, or when it is of a root that was replaced.
pub(crate) async fn renew(node: &Node, membership: &Membership) -> Result<Certified, FollowError> {
    let identity = node.member(|member| member.identity.clone()).ok_or(FollowError::Nobody)?;
    let renewal =
        Renewal { address: membership.advertise.to_string(), lost_raft_id: membership.lost_raft_id() };
    let ended = identity.get().peer()?.not_after <= node.env.now();
    let mut last = FollowError::Nobody;
    for shows_certificate in [true, false].into_iter().skip(usize::from(ended)) {
        // Its own manager comes last: it may be about to stop being one.
        for address in reached(membership).iter().rev() {
            let renewed = match shows_certificate {
                true => client::renew(&identity, address, &renewal).await,
                false => client::come_back(&identity, address, &renewal).await,
            };
            match renewed {
                Ok(certified) => return Ok(certified),
                Err(error) => last = error.into(),
            }
        }
    }
    Err(last)
}

/// Tells managers which certificate the member uses, if they do not know.
pub(crate) async fn report(
    node: &Node,
    membership: &Membership,
    view: &SwarmView,
) -> Result<(), FollowError> {
    let own = in_use(membership);
    let known = view.certificate.clone().unwrap_or_default();
    if (NodeCertificate { renewal_asked_at: None, ..known }) == own {
        return Ok(());
    }
    let identity = node.member(|member| member.identity.clone()).ok_or(FollowError::Nobody)?;
    let mut last = FollowError::Nobody;
    for address in reached(membership) {
        match client::report(&identity, &address, &own).await {
            Ok(()) => return Ok(()),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// Whether the swarm's root was replaced while managers were not heard: one of them says so, which has to show a certificate
/// that hangs on the root that this node trusts.
///
/// # Errors
/// When a manager shows a certificate of a root that this node has no way to: then people have to act.
pub(crate) async fn missed_rotation(membership: &Membership) -> Result<bool, FollowError> {
    let mut unknown = None;
    for address in reached(membership).iter().rev() {
        match client::root(&membership.root_pem, address).await {
            Ok(root) if root != membership.root_pem => return Ok(true),
            Err(error @ CaCallError::UnknownRoot { .. }) => unknown = Some(error),
            Ok(_) | Err(_) => {}
        }
    }
    unknown.map_or(Ok(false), |error| Err(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_identity::new_root;
    use skep_model::Timestamp;

    #[test]
    fn a_member_goes_from_root_to_root() {
        let root = || new_root(Timestamp::from_nanos(1_800_000_000_000_000_000)).unwrap();
        let (old, new) = (root(), root());
        let own = |issuer: &skep_model::RootCa, trusted: &skep_model::RootCa| NodeCertificate {
            issuer: issuer.issuer.clone(),
            trust_root_pem: trusted.certificate_pem.clone(),
            renewal_asked_at: None,
        };
        let view = |root: &skep_model::RootCa, asked: Option<&skep_model::RootCa>| SwarmView {
            root_pem: root.certificate_pem.clone(),
            issuer: asked.map(|asked| asked.issuer.clone()),
            ..SwarmView::default()
        };
        assert_eq!(next_step(&own(&old, &old), &view(&old, None)), CertificateStep::Keep);
        assert_eq!(next_step(&own(&old, &old), &view(&old, Some(&new))), CertificateStep::Renew);
        assert_eq!(next_step(&own(&new, &old), &view(&old, Some(&new))), CertificateStep::Keep);
        let trust = CertificateStep::Trust(new.certificate_pem.clone());
        assert_eq!(next_step(&own(&new, &old), &view(&new, None)), trust);
        assert_eq!(next_step(&own(&old, &old), &view(&new, None)), CertificateStep::Renew);
        // The rotation was called off.
        assert_eq!(next_step(&own(&new, &old), &view(&old, Some(&old))), CertificateStep::Renew);
    }
}
