//! The catalog: users, organizations, devices, flows and dashboards, and who may see what.
//!
//! Every question that a user asks is scoped by that user in its SQL: what they may not see is not found
//! ([`Error::NotFound`]), what they may see but not change is [`Error::Forbidden`]. A change is durable when its method
//! returns. All methods are cancel safe: a cancelled change is done whole or not at all.

mod access;
mod api_token;
mod audit;
mod changes;
mod check;
mod check_postgres;
mod dashboard;
mod dashboard_row;
mod dashboard_whole;
mod db;
mod dead_letter;
mod deletion;
mod device;
mod device_actions;
mod device_create;
mod device_edit;
mod device_history;
mod error;
mod execution;
mod execution_list;
mod execution_nodes;
mod fleet;
mod flow;
mod flow_deployed;
mod flow_devices;
mod flow_version;
pub mod idempotency;
mod look;
mod member;
mod migrate;
mod operator;
mod organization;
mod permission;
mod postgres;
mod project;
mod project_device;
mod retention;
mod session;
mod share_link;
mod slice;
mod sqlite;
mod still;
#[cfg(test)]
mod tests;
pub mod token;
mod tracked;
mod transfer;
mod user;
mod value;
mod watchable;
mod widget;
mod widget_edit;
mod widget_news;
mod widget_row;
mod widget_sample;
pub mod within;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use edgesync_schemas::id::Id;
use edgesync_schemas::time::Timestamp;
use uuid::Uuid;

use crate::postgres::{Server, Stats};

pub use access::{ChangeWatch, DeviceAccess};
pub use audit::AuditFilter;
pub use changes::{Change, News};
pub use check::check;
pub use check_postgres::{check as check_postgres, check_devices};
pub use deletion::Stopping;
pub use device::{DeviceFilter, Presence};
pub use device_actions::Acted;
pub use device_create::Made;
pub use device_history::Passage;
pub use error::{DatabaseError, Error};
pub use execution::Deployment;
pub use execution_nodes::NodeRecord;
pub use fleet::FleetCounts;
pub use flow::FlowFilter;
pub use flow_deployed::Stopped;
pub use look::{fits_at, fits_in, is_empty_at, is_empty_in, newest_schema, newest_schema_in};
pub use operator::{DeviceLine, OrganizationLine};
pub use share_link::OpenLink;
pub use slice::{After, Key, Listing, Order, Slice, SortKey};
pub use still::{Still, Sums, sums_of_both};
pub use transfer::Sum;
pub use user::{Account, Admission, SignedUp};
pub use watchable::WatchedWidget;
pub use widget_news::ChangedWidgets;
pub use widget_sample::{SampleKey, Tracked, WidgetBucket, WidgetSample, WidgetSamples};

/// The catalog. Cheap to clone; its threads end with the last clone.
#[derive(Debug, Clone)]
pub struct Catalog {
    db: db::Db,
    access: Arc<access::AccessCache>,
    changes: changes::Changes,
    widget_news: Arc<widget_news::News>,
}

impl Catalog {
    /// Opens the catalog in this file, or makes it, and brings it to the newest schema. Blocks.
    ///
    /// # Errors
    /// [`Error::SchemaNewer`] and [`Error::SchemaAltered`] for a catalog that is not this program's;
    /// [`Error::Database`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self::of(db::Db::open(path)?))
    }

    /// Opens the catalog in this database, and brings it to the newest schema. Any number of servers and tools may have it open at once.
    /// Cancel safe.
    ///
    /// # Errors
    /// [`Error::SchemaNewer`] and [`Error::SchemaAltered`] for a catalog that is not this program's; [`Error::Busy`] if the
    /// database went away.
    pub async fn open_postgres(server: &Server) -> Result<Self, Error> {
        Ok(Self::of(db::Db::open_postgres(server).await?))
    }

    fn of(db: db::Db) -> Self {
        Self { db, access: Arc::default(), changes: changes::Changes::default(), widget_news: Arc::default() }
    }

    /// Whether there is a catalog in this database, of whatever schema.
    ///
    /// # Errors
    /// Of the database.
    pub async fn is_in(server: &Server) -> Result<bool, Error> {
        postgres::is_in(server).await
    }

    /// Counters of the connections to the database; none for a file.
    #[must_use]
    pub fn connections(&self) -> Option<Stats> {
        match &self.db {
            db::Db::Sqlite(_) => None,
            db::Db::Postgres(db) => Some(db.stats()),
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.db.query("SELECT 1", vec![]).await.map(drop)
    }

    /// Waits until all changes that were asked for are done: for the end of the process. Changes asked for later are done
    /// too, if the process lives that long; each is durable or not there.
    pub async fn close(&self) {
        // The floor is given in the order of asking.
        if let Err(error) = self.db.begin().await {
            tracing::warn!(error = %error, "catalog did not answer at the end");
        }
    }
}

/// The moment.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_us_saturating(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A new id. Ids of one process ascend, which is what lists are ordered by.
fn new_id<K>() -> Id<K> {
    Id::from_uuid(Uuid::now_v7())
}

/// A pattern for `lower(..) LIKE .. ESCAPE '\'` that finds `text` anywhere, and everything for no text. Only ASCII has its case
/// forgotten, as in the `lower` of both databases (the columns of PostgreSQL have the collation "C").
fn pattern(text: Option<&str>) -> String {
    let escaped = text
        .unwrap_or_default()
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
        .to_ascii_lowercase();
    format!("%{escaped}%")
}
