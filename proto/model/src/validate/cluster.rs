use crate::{ClusterSpec, Invalid, limits};

/// Checks a swarm's settings: with others it could not go on, and not be told better either.
///
/// # Errors
/// The first field that is wrong, and what to change.
pub fn validate_cluster(spec: &ClusterSpec) -> Result<(), Invalid> {
    let heartbeats = limits::HEARTBEAT_PERIOD_MIN..=limits::HEARTBEAT_PERIOD_MAX;
    if !heartbeats.contains(&spec.heartbeat_period) {
        let reason = format!("{:?} is not between 100ms and 1h", spec.heartbeat_period);
        return Err(Invalid::new("Dispatcher.HeartbeatPeriod", reason));
    }
    let valid = spec.node_certificate_validity;
    if valid < limits::NODE_CERTIFICATE_VALIDITY_MIN {
        return Err(Invalid::new("CAConfig.NodeCertExpiry", "minimum certificate expiry time is: 1h0m0s"));
    }
    if valid > limits::ROOT_CERTIFICATE_VALIDITY {
        let reason = "a node's certificate cannot be valid for longer than the root's 20 years (175200h)";
        return Err(Invalid::new("CAConfig.NodeCertExpiry", reason));
    }
    let interval = spec.snapshot_interval_entries;
    let intervals = limits::SNAPSHOT_INTERVAL_ENTRIES_MIN..=limits::SNAPSHOT_INTERVAL_ENTRIES;
    if !intervals.contains(&interval) {
        return Err(Invalid::new(
            "Raft.SnapshotInterval",
            format!("{interval} is not between 100 and 10000"),
        ));
    }
    if spec.rebalance_percent > 100 {
        let reason = format!("{} is not between 0 and 100", spec.rebalance_percent);
        return Err(Invalid::new("Orchestration.RebalancePercent", reason));
    }
    let (min, max) = (limits::DATA_PATH_PORT_MIN, limits::DATA_PATH_PORT_MAX);
    if spec.data_path_port != 0 && !(min..=max).contains(&spec.data_path_port) {
        let reason = format!("{} is not in the valid range ({min}-{max})", spec.data_path_port);
        return Err(Invalid::new("DataPathPort", reason));
    }
    if let Some(pool) = spec.address_pools.iter().find(|pool| pool.overlaps(limits::LOCAL_SUBNET)) {
        let reason = format!(
            "{pool} shares addresses with {}, which every node gives to its containers that are on no network",
            limits::LOCAL_SUBNET
        );
        return Err(Invalid::new("DefaultAddrPool", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_would_stop_a_swarm_is_refused() {
        let second = Duration::from_secs(1);
        let check = |heartbeat_period, node_certificate_validity| {
            let spec = ClusterSpec { heartbeat_period, node_certificate_validity, ..ClusterSpec::default() };
            validate_cluster(&spec).map_err(|error| error.path)
        };
        let (heartbeat, certificate) = ("Dispatcher.HeartbeatPeriod", "CAConfig.NodeCertExpiry");
        assert_eq!(validate_cluster(&ClusterSpec::default()), Ok(()));
        assert_eq!(check(second / 10, 3600 * second), Ok(()));
        for (period, valid, wrong) in [
            (Duration::ZERO, 3600 * second, heartbeat),
            (3601 * second, 3600 * second, heartbeat),
            (second, 3599 * second, certificate),
            (second, Duration::MAX, certificate),
        ] {
            assert_eq!(check(period, valid), Err(wrong.to_owned()), "{period:?} {valid:?}");
        }
        let pool =
            |text: &str| ClusterSpec { address_pools: vec![text.parse().unwrap()], ..ClusterSpec::default() };
        assert_eq!(validate_cluster(&pool("198.18.0.0/16")), Ok(()));
        assert_eq!(validate_cluster(&pool("198.0.0.0/8")).unwrap_err().path, "DefaultAddrPool");
        for (entries, right) in [(0, false), (99, false), (100, true), (10_000, true), (10_001, false)] {
            let spec = ClusterSpec { snapshot_interval_entries: entries, ..ClusterSpec::default() };
            assert_eq!(validate_cluster(&spec).is_ok(), right, "{entries}");
        }
    }
}
