//! Whose rows wait: the flows of a tenant have a share of the room together, and what cells wait for a flow's rows is counted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// The flows that run, and the shares of their tenants.
#[derive(Default)]
pub(super) struct Shares(Mutex<Known>);

#[derive(Default)]
struct Known {
    flows: HashMap<FlowId, Arc<Owner>>,
    /// Of each tenant: a permit is a byte of its rows that may wait.
    tenants: HashMap<Uuid, Weak<Semaphore>>,
}

/// Whose rows a flow's are.
pub(super) struct Owner {
    tenant: Uuid,
    share: Arc<Semaphore>,
    /// Nanoseconds that cells waited for room for the flow's rows.
    waited_ns: AtomicU64,
}

impl Shares {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A std lock: held for a look-up, never across an await.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of a flow are a tenant's from now on.
    pub fn belongs(&self, flow: FlowId, tenant: Uuid) {
        let Known { flows, tenants } = &mut *self.known();
        if flows.get(&flow).is_some_and(|owner| owner.tenant == tenant) {
            return;
        }
        let share = tenants.get(&tenant).and_then(Weak::upgrade).unwrap_or_else(|| {
            tenants.retain(|_, share| share.strong_count() > 0);
            Arc::new(Semaphore::new(limit::DERIVED_TENANT_BYTES as usize))
        });
        tenants.insert(tenant, Arc::downgrade(&share));
        flows.insert(flow, Arc::new(Owner { tenant, share, waited_ns: AtomicU64::new(0) }));
    }

    pub fn left(&self, flow: FlowId) {
        self.known().flows.remove(&flow);
    }

    pub fn of(&self, flow: FlowId) -> Option<Arc<Owner>> {
        self.known().flows.get(&flow).cloned()
    }
}

impl Owner {
    /// Waits until so much of the tenant's share is free; one that is larger has all of it. Cancel safe.
    pub async fn share(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(limit::DERIVED_TENANT_BYTES);
        self.share.clone().acquire_many_owned(bytes).await.ok()
    }

    /// A cell waited for the flow.
    pub fn waited(&self, time: Duration) {
        self.waited_ns.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub fn waited_ns(&self) -> u64 {
        self.waited_ns.load(Relaxed)
    }
}
