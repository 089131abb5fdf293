use std::time::Duration;

use skep_identity::{KeyEncryptionKey, MalformedUnlockKey};
use skep_manager::{LockWish, Locking, RekeyError};
use skep_runtime::Env;
use thiserror::Error;

use super::key_store::{KeyError, KeyStore};

/// Wait before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How long one attempt to know the swarm's present wish may take.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Error)]
enum FollowError {
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    UnlockKey(#[from] MalformedUnlockKey),
    #[error(transparent)]
    Log(#[from] RekeyError),
}

/// Keeps the keys of this manager as its replica of the swarm's record wants them. Runs while the node is a manager.
pub(crate) async fn follow(keys: KeyStore, locking: Locking, env: Env) {
    // A replica that reads its log again says what was wanted once: a key of then may be known to nobody any more.
    while let Err(error) = locking.caught_up(CATCH_UP_TIMEOUT).await {
        tracing::debug!(%error, "whether this manager's keys are to be locked is not known yet");
        env.sleep(RETRY).await;
    }
    let mut seen = 0;
    loop {
        let wish = locking.changed(seen).await;
        seen = wish.version;
        if let Err(error) = settle(&keys, &locking, &wish).await {
            tracing::warn!(%error, "this manager's keys are not kept as the swarm wants; trying again");
            seen = 0;
            env.sleep(RETRY).await;
        }
    }
}

async fn settle(keys: &KeyStore, locking: &Locking, wish: &LockWish) -> Result<(), FollowError> {
    let wanted = match wish.unlock_key.0.as_str() {
        "" => None,
        _ => Some(KeyEncryptionKey::parse(&wish.unlock_key)?),
    };
    keys.follow(wanted)?;
    // Also of a change that a crash interrupted.
    if let Some(key) = keys.unfinished_log_key() {
        locking.rekey(key).await?;
        keys.forget_older_log_keys()?;
        tracing::info!("the log is sealed with its new key");
    }
    Ok(())
}
