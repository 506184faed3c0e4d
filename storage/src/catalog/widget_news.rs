//! Which widgets were changed, for who keeps their samples: told behind each commit of this process, and taken by one who waits.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use tokio::sync::Notify;

use super::Catalog;

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

    /// Tells that a widget was made, changed or removed.
    pub(super) fn widget(&self, id: WidgetId) {
        let mut changed = self.changed();
        match changed.get_or_insert_with(|| ChangedWidgets::These(BTreeSet::new())) {
            ChangedWidgets::These(some) if some.len() < limit::KEPT_PAGE as usize => drop(some.insert(id)),
            all => *all = ChangedWidgets::Any,
        }
        self.told.notify_one();
    }

    /// Tells that many may have gone.
    pub(super) fn any(&self) {
        *self.changed() = Some(ChangedWidgets::Any);
        self.told.notify_one();
    }
}

impl Catalog {
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
