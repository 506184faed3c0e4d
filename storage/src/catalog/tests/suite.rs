//! The tests that run on both databases. `fixture()` is that of whoever includes this.

use super::*;

mod access;
mod audit;
mod changes;
mod copies;
mod dashboards;
mod dashboards_whole;
mod dead_letters;
mod deletion;
mod device_history;
mod devices;
mod executions;
mod executions_kept;
mod flow_versions;
mod flows;
mod lists;
mod organizations;
mod permissions;
mod projects;
mod share_links;
mod suspended;
mod texts;
mod tokens;
mod users;
mod watchable;
mod widget_samples;
mod widgets;
