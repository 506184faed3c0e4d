//! Which widgets were changed, for who keeps their samples: told behind each commit of this process, and taken by one who waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use tokio::sync::Notify;

use super::Catalog;
use super::changes::Change;
use super::db::Tx;
use super::error::Error;

/// Widgets that were made, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedWidgets {
    /// These.
    These(BTreeSet<WidgetId>),
    /// Any: with their dashboards, or too many to be named.
    Any,
}

#[derive(Debug, Default)]
pub(super) struct News {
    changed: Mutex<Option<ChangedWidgets>>,
    told: Notify,
}

impl News {
    fn changed(&self) -> MutexGuard<'_, Option<ChangedWidgets>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that widgets were made, changed or removed.
    fn widgets(&self, ids: Vec<WidgetId>) {
        if ids.is_empty() {
            return;
        }
        let mut changed = self.changed();
        let all = changed.get_or_insert_with(|| ChangedWidgets::These(BTreeSet::new()));
        if let ChangedWidgets::These(some) = all {
            some.extend(ids);
            if some.len() > limit::KEPT_PAGE as usize {
                *all = ChangedWidgets::Any;
            }
        }
        self.told.notify_one();
    }

    /// Tells that many may have gone.
    pub(super) fn any(&self) {
        *self.changed() = Some(ChangedWidgets::Any);
        self.told.notify_one();
    }
}

/// Of which widgets what is kept has to be looked at.
#[derive(Debug, Clone)]
pub(super) enum Which {
    These(Vec<WidgetId>),
    Any,
}

impl Catalog {
    /// Commits, and tells what that changed: also who keeps samples of widgets, and also if whoever asked hangs up.
    pub(super) async fn commit_widgets(
        &self,
        tx: Tx,
        told: impl IntoIterator<Item = Change>,
        which: Which,
    ) -> Result<(), Error> {
        let news = Arc::clone(&self.widget_news);
        let tell = move |_: &Result<(), Error>| match which {
            Which::These(ids) => news.widgets(ids),
            Which::Any => news.any(),
        };
        self.commit_then(tx, told, tell).await
    }

    /// Waits until widgets were changed through this catalog, and takes which. For one task: each is told once. Cancel safe.
    pub async fn changed_widgets(&self) -> ChangedWidgets {
        loop {
            if let Some(changed) = self.widget_news.changed().take() {
                return changed;
            }
            self.widget_news.told.notified().await;
        }
    }
}
