//! What follows from how loaded the cells are.

use std::collections::HashMap;
use std::time::Duration;

use edgesync_schemas::id::FlowId;
use edgesync_schemas::limit;
use uuid::Uuid;

/// The share of its cell's time that a flow took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Load {
    pub flow: FlowId,
    pub tenant: Uuid,
    pub share: f64,
}

/// A cell at a look.
#[derive(Debug, Default)]
pub(super) struct CellLoad {
    /// Largest share first.
    pub flows: Vec<Load>,
    /// For how long it has been behind.
    pub behind: Duration,
    /// Looks in a row at which it was too far behind.
    pub looks: u32,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Move { flow: FlowId, from: usize, to: usize, share: f64 },
    Slow { flow: FlowId, from: usize, share: f64, why: Why },
    Suspend { flow: FlowId, share: f64 },
}

/// Whose share was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Flow,
    Tenant,
}

impl Step {
    /// Of which flow.
    pub fn flow(&self) -> FlowId {
        match self {
            Self::Move { flow, .. } | Self::Slow { flow, .. } | Self::Suspend { flow, .. } => *flow,
        }
    }
}

impl CellLoad {
    fn share(&self) -> f64 {
        self.flows.iter().map(|load| load.share).sum()
    }

    /// The tenant whose flows took most, and how much.
    fn heaviest_tenant(&self) -> Option<(Uuid, f64)> {
        let mut tenants: HashMap<Uuid, f64> = HashMap::new();
        for load in &self.flows {
            *tenants.entry(load.tenant).or_default() += load.share;
        }
        tenants.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
    }

    /// Its flows that keep others waiting, if it is behind; `most` is the share of a tenant.
    fn to_slow(&self, from: usize, most: f64) -> Vec<Step> {
        if self.looks < limit::BEHIND_LOOKS || self.flows.len() < 2 {
            return Vec::new();
        }
        if let Some(Load { flow, share, .. }) =
            self.flows.first().filter(|load| load.share >= limit::FLOW_SHARE)
        {
            return vec![Step::Slow { flow: *flow, from, share: *share, why: Why::Flow }];
        }
        let Some((tenant, mut share)) = self.heaviest_tenant() else { return Vec::new() };
        if self.flows.iter().all(|load| load.tenant == tenant) {
            return Vec::new();
        }
        let mut slowed = Vec::new();
        let (all, why) = (share, Why::Tenant);
        for load in self.flows.iter().filter(|load| load.tenant == tenant) {
            if share < most || slowed.len() >= limit::SLOWED_AT_ONCE {
                break;
            }
            share -= load.share;
            slowed.push(Step::Slow { flow: load.flow, from, share: all, why });
        }
        slowed
    }
}

/// What follows from how loaded the cells are, the slow one among them. `most` is the share of a cell that a tenant may take while others wait.
pub(super) fn steps(cells: &[CellLoad], slow: usize, most: f64, slow_lag: Duration) -> Vec<Step> {
    let lagging = &cells[slow];
    if lagging.behind > slow_lag
        && lagging.looks >= limit::BEHIND_LOOKS
        && lagging.share() >= limit::SUSPEND_SHARE
    {
        // of slowed flows, those go first whose tenant takes most
        let of = lagging.heaviest_tenant().map(|(tenant, _)| tenant);
        let heaviest = lagging.flows.iter().find(|load| Some(load.tenant) == of);
        if let Some(Load { flow, share, .. }) = heaviest {
            return vec![Step::Suspend { flow: *flow, share: *share }];
        }
    }
    let normal = || (0..cells.len()).filter(|at| *at != slow);
    for from in normal() {
        let slowed = cells[from].to_slow(from, most);
        if !slowed.is_empty() {
            return slowed;
        }
    }
    evened_out(cells, normal).into_iter().collect()
}

/// The flow whose move brings the busiest and the idlest cell closest together.
fn evened_out<I: Iterator<Item = usize>>(cells: &[CellLoad], normal: impl Fn() -> I) -> Option<Step> {
    let load = |at: usize| cells[at].share();
    let busiest = normal().max_by(|a, b| load(*a).total_cmp(&load(*b)))?;
    let idlest = normal().min_by(|a, b| load(*a).total_cmp(&load(*b)))?;
    let gap = load(busiest) - load(idlest);
    if gap < limit::BALANCE_GAP {
        return None;
    }
    let off = |share: f64| (share - gap / 2.0).abs();
    let fitting = cells[busiest].flows.iter().filter(|load| load.share < gap && load.share > 0.0);
    let Load { flow, share, .. } = *fitting.min_by(|a, b| off(a.share).total_cmp(&off(b.share)))?;
    Some(Step::Move { flow, from: busiest, to: idlest, share })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(60);

    fn flow(n: u128) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(n))
    }

    /// Flows (number, tenant, share) of a cell that was behind at so many looks.
    fn cell(looks: u32, of: &[(u128, u128, f64)]) -> CellLoad {
        let load = |(n, tenant, share): &(u128, u128, f64)| Load {
            flow: flow(*n),
            tenant: Uuid::from_u128(*tenant),
            share: *share,
        };
        CellLoad { flows: of.iter().map(load).collect(), behind: Duration::from_secs(10), looks }
    }

    fn idle() -> CellLoad {
        CellLoad::default()
    }

    fn slow(n: u128, share: f64, why: Why) -> Step {
        Step::Slow { flow: flow(n), from: 0, share, why }
    }

    #[test]
    fn loads_are_evened_out_by_the_flow_that_fits_best() {
        let cells = [cell(0, &[(1, 1, 0.5), (2, 1, 0.3), (3, 1, 0.1)]), idle(), idle()];
        let found = steps(&cells, 2, 0.5, LAG);
        assert_eq!(found, [Step::Move { flow: flow(1), from: 0, to: 1, share: 0.5 }]);
        // one flow that takes everything is as well where it is
        assert_eq!(steps(&[cell(0, &[(1, 1, 0.9)]), idle(), idle()], 2, 0.5, LAG), []);
        let even = [cell(0, &[(1, 1, 0.3)]), cell(0, &[(2, 1, 0.25)]), idle()];
        assert_eq!(steps(&even, 2, 0.5, LAG), []);
    }

    #[test]
    fn a_flow_that_keeps_others_waiting_is_slowed() {
        let flows = [(1, 1, 0.9), (2, 1, 0.05)];
        let busy = [cell(limit::BEHIND_LOOKS, &flows), idle()];
        assert_eq!(steps(&busy, 1, 0.5, LAG), [slow(1, 0.9, Why::Flow)]);
        assert_eq!(steps(&[cell(limit::BEHIND_LOOKS - 1, &flows), idle()], 1, 0.5, LAG), [], "not at once");
        let alone = [cell(9, &[(1, 1, 1.0)]), idle()];
        assert_eq!(steps(&alone, 1, 0.5, LAG), [], "it keeps nobody waiting");
    }

    #[test]
    fn a_tenant_with_many_small_flows_is_slowed_as_one_with_a_large_one_is() {
        let mut flows: Vec<_> = (1..=1000).map(|n| (n, 7, 0.0009)).collect();
        flows.push((2000, 8, 0.05));
        let found = steps(&[cell(limit::BEHIND_LOOKS, &flows), idle()], 1, 0.5, LAG);
        assert_eq!(found.len(), limit::SLOWED_AT_ONCE, "so many at a look");
        assert!(found.iter().all(|step| matches!(step, Step::Slow { why: Why::Tenant, .. })));
        // the heaviest first, and no more than it takes to be within its share
        let mixed = [(1, 7, 0.3), (2, 8, 0.25), (3, 7, 0.2), (4, 7, 0.1), (5, 7, 0.1)];
        let busy = [cell(limit::BEHIND_LOOKS, &mixed), idle()];
        let [Step::Slow { flow: first, share, .. }] = steps(&busy, 1, 0.5, LAG)[..] else {
            panic!("{mixed:?}")
        };
        assert!(first == flow(1) && (share - 0.7).abs() < 1e-9);
        let [Step::Slow { .. }, Step::Slow { flow: second, .. }] = steps(&busy, 1, 0.35, LAG)[..] else {
            panic!("two of them")
        };
        assert_eq!(second, flow(3));
        let within = [(1, 7, 0.3), (2, 8, 0.3), (3, 7, 0.1)];
        assert_eq!(steps(&[cell(limit::BEHIND_LOOKS, &within), idle()], 1, 0.5, LAG), []);
        let own = [(1, 7, 0.4), (2, 7, 0.4)];
        assert_eq!(
            steps(&[cell(limit::BEHIND_LOOKS, &own), idle()], 1, 0.5, LAG),
            [],
            "only its own flows wait"
        );
    }

    #[test]
    fn what_cannot_keep_up_even_apart_from_others_is_suspended_the_heaviest_tenants_first() {
        let flows = [(1, 1, 0.3), (2, 2, 0.25), (3, 2, 0.25)];
        let behind = |s| CellLoad { behind: Duration::from_secs(s), ..cell(limit::BEHIND_LOOKS, &flows) };
        let found = steps(&[idle(), behind(61)], 1, 0.5, LAG);
        assert_eq!(found, [Step::Suspend { flow: flow(2), share: 0.25 }]);
        assert_eq!(steps(&[idle(), behind(60)], 1, 0.5, LAG), [], "it may lag");
        let waits = flows.map(|(flow, tenant, share)| (flow, tenant, share / 10.0));
        let waits = CellLoad { behind: Duration::from_secs(600), ..cell(limit::BEHIND_LOOKS, &waits) };
        assert_eq!(steps(&[idle(), waits], 1, 0.5, LAG), [], "it is not they who take its time");
        let catches_up = CellLoad { looks: 0, ..behind(600) };
        assert_eq!(steps(&[idle(), catches_up], 1, 0.5, LAG), []);
    }
}
