//! The only way to change the store.

use std::sync::Arc;

use skep_model::{Transaction, limits};
use skep_runtime::Env;
use thiserror::Error;

use crate::proposer::{Command, ProposeError, Proposer};
use crate::refused::Refused;
use crate::store::Store;
use crate::view::View;

/// How often [`Door::change`] decides again when others write at the same time.
const ATTEMPTS_MAX: u32 = 10;

/// The one write door.
#[derive(Clone)]
pub struct Door {
    store: Arc<Store>,
    proposer: Arc<dyn Proposer>,
    env: Env,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Door").finish_non_exhaustive()
    }
}

/// A write did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// It has more changes than a transaction may have.
    #[error(
        "{count} changes at once are more than the {} that one transaction takes",
        limits::TRANSACTION_CHANGES_MAX
    )]
    TooMany {
        /// How many.
        count: usize,
    },
    /// It could not be replicated, or was refused.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

impl From<Refused> for WriteError {
    fn from(refused: Refused) -> Self {
        Self::Propose(refused.into())
    }
}

impl WriteError {
    /// Whether someone else wrote in between: reading and deciding again helps.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Propose(ProposeError::Refused(Refused::Conflict { .. } | Refused::Missing { .. }))
        )
    }
}

impl Door {
    /// A door to `store` through `proposer`.
    pub fn new(store: Arc<Store>, proposer: Arc<dyn Proposer>, env: Env) -> Self {
        Self { store, proposer, env }
    }

    /// The store behind it.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The state now.
    pub fn view(&self) -> View {
        self.store.view()
    }

    /// Writes a transaction and gives the version at which it was applied; an empty one costs nothing.
    ///
    /// # Errors
    /// When it conflicts, is too large, or could not be replicated.
    pub async fn write(&self, transaction: Transaction) -> Result<u64, WriteError> {
        let view = self.store.view();
        if transaction.changes.is_empty() {
            return Ok(view.version());
        }
        let count = transaction.changes.len();
        if count > limits::TRANSACTION_CHANGES_MAX {
            return Err(WriteError::TooMany { count });
        }
        // What already conflicts here need not travel through the log.
        view.check(&transaction)?;
        let command = Command { at: self.env.now(), transaction };
        Ok(self.proposer.propose(command).await?)
    }

    /// Decides on the present view and writes; decides again when someone else wrote in between. That nothing is to be done, and
    /// what `decide` refuses, is only said of a view that lacks nothing: a manager that lags behind would acknowledge or refuse
    /// by what is not so any more.
    ///
    /// # Errors
    /// What `decide` says, or why the write failed.
    pub async fn change<T, E: From<WriteError>>(
        &self,
        mut decide: impl FnMut(&View) -> Result<(Transaction, T), E>,
    ) -> Result<T, E> {
        let mut attempt = 1;
        let mut confirmed = false;
        loop {
            let decided = decide(&self.store.view());
            let writes = matches!(&decided, Ok((transaction, _)) if !transaction.changes.is_empty());
            if !writes && !confirmed {
                self.proposer.confirm().await.map_err(WriteError::from)?;
                confirmed = true;
                continue;
            }
            let (transaction, outcome) = decided?;
            match self.write(transaction).await {
                Ok(_) => return Ok(outcome),
                Err(error) if error.is_conflict() && attempt < ATTEMPTS_MAX => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
