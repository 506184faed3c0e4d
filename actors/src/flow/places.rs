//! Places for what reads stored readings at once: some for all, and fewer for each tenant, so that none keeps all others waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use edgesync_schemas::limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::Error;

/// The places of versions that warm up and of runs that are made once.
#[derive(Debug)]
pub(super) struct Replays {
    all: Arc<Semaphore>,
    /// Those of each tenant that has some, or waits for one.
    tenants: Mutex<HashMap<Uuid, Weak<Semaphore>>>,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Default for Replays {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(limit::REPLAYS)), tenants: Mutex::default() }
    }
}

impl Replays {
    fn of(&self, tenant: Uuid) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return own;
        }
        tenants.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(limit::TENANT_REPLAYS));
        tenants.insert(tenant, Arc::downgrade(&own));
        own
    }

    /// Waits for a place. Cancel safe.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn place(&self, tenant: Uuid) -> Result<Place, Error> {
        // its own first: who waits for that stands in nobody's way
        let own = self.of(tenant).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let all = self.all.clone().acquire_owned().await.map_err(|_| Error::Stopped)?;
        Ok(Place { _all: all, _own: own })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_tenant_has_some_of_the_places_and_what_it_waits_for_keeps_nobody_else_waiting() {
        let replays = Replays::default();
        let place = |tenant: u128| replays.place(Uuid::from_u128(tenant));
        let mut held: Vec<_> =
            (0..limit::TENANT_REPLAYS).map(|_| place(1).now_or_never().unwrap().unwrap()).collect();
        let mut waits: Vec<_> = (0..limit::REPLAYS).map(|_| Box::pin(place(1))).collect();
        assert!(waits.iter_mut().all(|wait| wait.now_or_never().is_none()));
        for tenant in 2..2 + (limit::REPLAYS - limit::TENANT_REPLAYS) as u128 {
            held.push(place(tenant).now_or_never().expect("others have places").unwrap());
        }
        assert!(place(9).now_or_never().is_none(), "there are no more");
        held.truncate(1);
        assert!(place(9).now_or_never().is_some());
        drop((held, waits));
        assert!(place(1).now_or_never().is_some());
        assert_eq!(replays.tenants.lock().unwrap().len(), 1, "none is kept of those that have none");
    }
}
