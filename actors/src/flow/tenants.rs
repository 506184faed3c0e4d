//! Whose budgets flows count against: those of the organization of their project, or else of their owner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_engine::plan::Plan;
use edgesync_engine::{Account, Budget, Reason};
use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Error, FlowsHandle, Version};

/// What the flows of one tenant may use together.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Keys that their nodes remember something of. Default: [`limit::TENANT_KEYS`].
    pub keys: u64,
    /// Bytes of that at the most. Default: [`limit::TENANT_STATE_BYTES`].
    pub state_bytes: u64,
    /// Share of a cell's time that they may take while the cell is behind and flows of others wait. Default: [`limit::TENANT_SHARE`].
    pub share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keys: limit::TENANT_KEYS, state_bytes: limit::TENANT_STATE_BYTES, share: limit::TENANT_SHARE }
    }
}

/// What a flow uses and may use, by itself and with the others of its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowBudgets)]
pub struct Usage {
    /// The flow.
    flow: FlowUsage,
    /// All flows of its organization, or in no project of its owner.
    tenant: TenantUsage,
}

/// What a flow uses and may use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowBudget)]
pub struct FlowUsage {
    /// Keys that its nodes remember something of.
    keys: u64,
    /// As many as one node may.
    keys_most_per_node: u64,
    /// Bytes that this may come to.
    state_bytes: u64,
    /// As many as may be.
    state_bytes_most: u64,
    /// Share of a cell's time that it took at the last look.
    cpu_share: f64,
    /// As much as it may take while others wait.
    cpu_share_most: f64,
}

/// What the flows of a tenant use and may use together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = TenantBudget)]
pub struct TenantUsage {
    /// Keys that their nodes remember something of.
    keys: u64,
    /// As many as may be.
    keys_most: u64,
    /// Bytes that this may come to.
    state_bytes: u64,
    /// As many as may be.
    state_bytes_most: u64,
    /// Share of the cells' time that they took at the last look.
    cpu_share: f64,
    /// As much as they may take while others wait.
    cpu_share_most: f64,
}

/// The budgets of tenants.
#[derive(Debug)]
pub(super) struct Tenants {
    pub limits: Limits,
    budgets: Mutex<Budgets>,
    shares: Mutex<Shares>,
}

/// Shares of the cells' time, at the last look.
#[derive(Debug, Default)]
pub(super) struct Shares {
    pub flows: HashMap<FlowId, f64>,
    pub tenants: HashMap<Uuid, f64>,
}

/// Budgets of tenants that have flows or runs, and what those refused that are gone.
#[derive(Debug, Default)]
struct Budgets {
    of: HashMap<Uuid, Arc<Budget>>,
    gone: Refused,
}

/// Records that were refused because a budget was used up, by which.
type Refused = HashMap<Reason, u64>;

impl Budgets {
    fn refused(&self) -> Refused {
        let mut all = self.gone.clone();
        self.of.values().for_each(|budget| add(&mut all, budget));
        all
    }

    /// Lets go of budgets on which no account draws.
    fn clear(&mut self) {
        let Self { of, gone } = self;
        of.retain(|_, budget| {
            let is_used = Arc::strong_count(budget) > 1;
            if !is_used {
                add(gone, budget);
            }
            is_used
        });
    }
}

fn add(all: &mut Refused, budget: &Budget) {
    budget.refused().into_iter().for_each(|(reason, count)| *all.entry(reason).or_default() += count);
}

impl Tenants {
    pub fn new(limits: Limits) -> Self {
        Self { limits, budgets: Mutex::default(), shares: Mutex::default() }
    }

    fn budgets(&self) -> MutexGuard<'_, Budgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account of a flow of this tenant.
    fn account(&self, tenant: Uuid) -> Account {
        let Limits { keys, state_bytes, .. } = self.limits;
        let mut budgets = self.budgets();
        if !budgets.of.contains_key(&tenant) {
            budgets.clear();
        }
        Account::of(budgets.of.entry(tenant).or_insert_with(|| Budget::new(keys, state_bytes)).clone())
    }

    /// Records that were refused because a budget was used up, by which.
    pub fn refused(&self) -> [(Reason, u64); 2] {
        let refused = self.budgets().refused();
        [Reason::TenantKeys, Reason::TenantBytes]
            .map(|reason| (reason, refused.get(&reason).copied().unwrap_or_default()))
    }

    /// What was seen at a look.
    pub fn saw(&self, shares: Shares) {
        *self.shares() = shares;
    }

    /// What a flow and its tenant use, and may use: for `GET /flows/{id}/metrics`.
    pub fn usage(&self, flow: FlowId, tenant: Uuid, account: &Account) -> Usage {
        let (mine, shares) = (account.used(), self.shares());
        let all = account.budget().map(|budget| budget.used()).unwrap_or_default();
        let share = |of: Option<&f64>| (of.copied().unwrap_or_default() * 1000.0).round() / 1000.0;
        Usage {
            flow: FlowUsage {
                keys: mine.keys,
                keys_most_per_node: limit::KEYS_PER_NODE as u64,
                state_bytes: mine.bytes,
                state_bytes_most: limit::FLOW_STATE_BYTES as u64,
                cpu_share: share(shares.flows.get(&flow)),
                cpu_share_most: limit::FLOW_SHARE,
            },
            tenant: TenantUsage {
                keys: all.keys,
                keys_most: self.limits.keys,
                state_bytes: all.bytes,
                state_bytes_most: self.limits.state_bytes,
                cpu_share: share(shares.tenants.get(&tenant)),
                cpu_share_most: self.limits.share,
            },
        }
    }
}

impl FlowsHandle {
    /// A version of a flow, to be run for its tenant. What runs of it already counts on the same account.
    pub(super) async fn version(&self, flow: FlowId, version: u32, plan: Plan) -> Result<Version, Error> {
        let tenant = self.tenant(flow).await?;
        let running = self.running(flow).map(|(_, installed)| installed);
        let account = match running.filter(|installed| installed.tenant == tenant) {
            Some(installed) => installed.account,
            None => self.shared.tenants.account(tenant),
        };
        Ok(Version::new(flow, version, plan, tenant, account))
    }

    /// Whose budgets a flow counts against.
    async fn tenant(&self, flow: FlowId) -> Result<Uuid, Error> {
        Ok(self.shared.catalog.flow_tenant(flow).await?.unwrap_or_else(|| flow.uuid()))
    }

    /// Whose budgets a run of a flow counts against that is no deployment, and an account for it.
    pub(super) async fn account_of_run(&self, flow: FlowId) -> Result<(Uuid, Account), Error> {
        let tenant = self.tenant(flow).await?;
        Ok((tenant, self.shared.tenants.account(tenant)))
    }

    /// Records that were refused because a tenant's budget was used up, by which.
    pub fn refused(&self) -> [(Reason, u64); 2] {
        self.shared.tenants.refused()
    }
}

#[cfg(test)]
impl Tenants {
    /// What the flows of all tenants use.
    pub fn used(&self) -> (u64, u64) {
        let used: Vec<_> = self.budgets().of.values().map(|budget| budget.used()).collect();
        (used.iter().map(|used| used.keys).sum(), used.iter().map(|used| used.bytes).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept_while_somebody_draws_on_it() {
        let tenants = Tenants::new(Limits { keys: 0, ..Limits::default() });
        let tenant = Uuid::from_u128;
        let kept = tenants.account(tenant(1));
        for n in 2..100 {
            // one that is gone when the next one comes
            tenants.account(tenant(n));
        }
        assert_eq!(tenants.budgets().of.len(), 2);
        assert!(Arc::ptr_eq(kept.budget().unwrap(), tenants.account(tenant(1)).budget().unwrap()));
    }
}
