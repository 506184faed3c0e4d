//! A version on its way to a cell.

use std::collections::HashMap;
use std::sync::Arc;

use edgesync_engine::Account;
use edgesync_engine::cell::command::Begin;
use edgesync_engine::plan::{Plan, Work};
use edgesync_schemas::id::FlowId;
use uuid::Uuid;

use super::Error;
use crate::cell::Installed;
use crate::live::Units;

/// A version of a flow that can run.
#[derive(Debug, Clone)]
pub struct Version {
    pub(super) flow: FlowId,
    pub(super) installed: Installed,
}

impl Version {
    pub(super) fn new(flow: FlowId, version: u32, plan: Plan, tenant: Uuid, account: Account) -> Self {
        let (units, remembers, plan) = (units(&plan), plan.remembers(), Arc::new(plan));
        Self { flow, installed: Installed { version, plan, units, remembers, tenant, account } }
    }
}

/// Why a version was not put into a cell, and how it was to begin, if it may be tried again.
#[derive(Debug)]
pub struct NotPut {
    pub(super) error: Error,
    pub(super) begin: Option<Begin>,
}

/// Units that display nodes are configured to show.
fn units(plan: &Plan) -> Units {
    let shown = plan.nodes().iter().filter_map(|node| match &node.work {
        Work::Display(display) => Some((node.id.clone(), display.unit.as_ref()?.parse().ok()?)),
        _ => None,
    });
    shown.collect::<HashMap<_, _>>()
}
