//! What flows' nodes put out, kept for the widgets that show it: also while nobody watches, and over a restart.
//!
//! The keeper is one task. It knows all widgets whose source is a flow's node (from the catalog at the start, then from what is told of changes there,
//! and from a look now and then), follows what each of them shows on the server's own account, and once a second stores what has come of it. Kept are the
//! newest `max_samples` of each; where more comes than may be stored in a second it is the newest of each that are (`pending.rs`).
//! Of a widget that shows what the values come to, its buckets are kept and stored instead, once for all that have the same interval (`rows.rs`).
//! Memory and work are bounded for the process and for each organization (`books.rs`); a widget past that is not kept, and is told so.
//!
//! While the catalog cannot be written values stay in their rings, and the newest are stored when it can. A kill loses what came since the last write;
//! what flows put out again after it is not taken twice.

mod books;
mod pending;
mod rows;
mod stored;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgesync_schemas::id::WidgetId;
use edgesync_schemas::limit;
use edgesync_storage::catalog::{self, Catalog, ChangedWidgets};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{info, warn};

use self::books::{Batch, Books, Most};
use self::stored::Found;
pub(super) use self::stored::Stored;
use super::hub::Hub;

/// Keeps what widgets of flows' nodes show. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    shared: Arc<Shared>,
}

struct Shared {
    catalog: Catalog,
    hub: Hub,
    books: Mutex<Books>,
    /// Widgets that there are, as of the last look.
    tracked: AtomicU64,
    written: AtomicU64,
    failures: AtomicU64,
    waiting: AtomicU64,
    stopped: watch::Sender<bool>,
}

/// What the keeper has and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Widgets that are kept.
    pub widgets: usize,
    /// Widgets that are not, for a limit, as of the last look.
    pub left_out: usize,
    /// What is kept for them: values of nodes, and buckets of one interval of them.
    pub sources: usize,
    /// Samples stored since the start of the process.
    pub written: u64,
    /// Attempts to store samples that failed.
    pub failures: u64,
    /// Samples that wait to be stored.
    pub waiting: u64,
}

/// What of the catalog is to be looked at.
#[derive(Debug, Default)]
struct Unread {
    some: BTreeSet<WidgetId>,
    all: bool,
    /// Widgets that are not kept are looked at from here on, some at a time.
    from: Option<WidgetId>,
}

impl Keeper {
    /// Reads which widgets there are and what is stored of them, and follows their sources from now on: before any flow runs, so that nothing is
    /// missed, and what is stored comes before it.
    ///
    /// # Errors
    /// Of the catalog.
    pub async fn start(catalog: Catalog, hub: Hub) -> Result<Self, catalog::Error> {
        let keeper = Self::open(catalog, hub, Most::default()).await?;
        let stopped = keeper.shared.stopped.subscribe();
        tokio::spawn(keeper.clone().run(stopped));
        Ok(keeper)
    }

    async fn open(catalog: Catalog, hub: Hub, most: Most) -> Result<Self, catalog::Error> {
        let keeper = Self {
            shared: Arc::new(Shared {
                catalog,
                hub,
                books: Mutex::new(Books::new(most)),
                tracked: AtomicU64::new(0),
                written: AtomicU64::new(0),
                failures: AtomicU64::new(0),
                waiting: AtomicU64::new(0),
                stopped: watch::Sender::new(false),
            }),
        };
        keeper.load().await?;
        Ok(keeper)
    }

    /// Whether the samples of this widget are kept and stored. Of one that was made a moment ago it may not be known yet.
    pub fn keeps(&self, widget: WidgetId) -> bool {
        self.books().has(widget)
    }

    /// What it has and does.
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        let books = self.books();
        let widgets = books.widgets();
        Stats {
            widgets,
            left_out: usize::try_from(shared.tracked.load(Relaxed))
                .unwrap_or(usize::MAX)
                .saturating_sub(widgets),
            sources: books.sources(),
            written: shared.written.load(Relaxed),
            failures: shared.failures.load(Relaxed),
            waiting: shared.waiting.load(Relaxed),
        }
    }

    /// Stores all that waits, if the catalog takes it, and ends the task. Cancel safe.
    pub async fn finish(&self) {
        self.shared.stopped.send_replace(true);
        self.shared.stopped.closed().await;
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A std lock: held for a walk over what is kept at most, and never across an await.
        self.shared.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(&self) -> Result<(), catalog::Error> {
        let found = self.find().await?;
        self.books().begin(&self.shared.hub, found);
        Ok(())
    }

    /// Finds which widgets there are, and what is stored of those that there is room for: that is decided first, as what is stored need not fit.
    async fn find(&self) -> Result<Found, catalog::Error> {
        let Shared { catalog, hub, .. } = &*self.shared;
        let (mut after, mut count) = (None, 0);
        loop {
            let page = catalog.tracked_widgets(after).await?;
            let Some(last) = page.last() else { break };
            (after, count) = (Some(last.widget.id), count + page.len());
            let mut books = self.books();
            page.into_iter().for_each(|one| books.adopt(hub, one, Vec::new()));
        }
        self.shared.tracked.store(count as u64, Relaxed);
        let (mut found, mut after) = (Found::default(), None);
        loop {
            let page = catalog.stored_samples(after).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let books = self.books();
            page.into_iter().for_each(|((widget, _), sample)| found.add(&books, widget, sample));
        }
        found.end(&self.books());
        Ok(found)
    }

    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let look = Duration::from_secs(limit::KEPT_LOOK_S);
        let mut looked = Instant::now();
        let mut unread = Unread::default();
        let mut is_failing = false;
        loop {
            tokio::select! {
                biased;
                () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => break,
                _ = tick.tick() => {
                    if looked.elapsed() >= look {
                        (unread.all, looked) = (true, Instant::now());
                    }
                    self.read(&mut unread).await;
                    self.write(&mut is_failing).await;
                }
                changed = self.shared.catalog.changed_widgets() => {
                    match changed {
                        ChangedWidgets::These(some) => unread.some.extend(some),
                        ChangedWidgets::Any => unread.all = true,
                    }
                    self.read(&mut unread).await;
                }
            }
        }
        while self.write(&mut is_failing).await {}
    }

    /// Looks at what is to be looked at; what could not be is the next time.
    async fn read(&self, unread: &mut Unread) {
        if let Err(error) = self.try_read(unread).await {
            warn!(%error, "widgets whose samples are kept could not be looked up, trying again");
        }
    }

    async fn try_read(&self, unread: &mut Unread) -> Result<(), catalog::Error> {
        let Shared { catalog, hub, .. } = &*self.shared;
        if unread.all {
            self.look_at_all(unread).await?;
            unread.all = false;
        }
        while let Some(id) = unread.some.first().copied() {
            match catalog.tracked_widget(id).await? {
                Some(tracked) if !self.books().is_as_of(id, tracked.kept_since) => {
                    let stored = catalog.widget_samples(id).await?;
                    self.books().adopt(hub, tracked, stored);
                }
                Some(_) => {}
                None => self.books().drop_widget(hub, id),
            }
            unread.some.pop_first();
        }
        Ok(())
    }

    /// Lets go of widgets that are gone, and finds those to look at: changed ones, and some of those that are not kept.
    async fn look_at_all(&self, unread: &mut Unread) -> Result<(), catalog::Error> {
        let Shared { catalog, hub, .. } = &*self.shared;
        let (mut there, mut after) = (BTreeSet::new(), None);
        let (mut others, mut count) = (BTreeSet::new(), 0);
        loop {
            let page = catalog.tracked_since(after).await?;
            let Some((last, _)) = page.last() else { break };
            (after, count) = (Some(*last), count + page.len());
            let books = self.books();
            for (id, kept_since) in page {
                if books.has(id) {
                    there.insert(id);
                    if !books.is_as_of(id, kept_since) {
                        unread.some.insert(id);
                    }
                } else if unread.from.is_none_or(|from| id > from) && others.len() < limit::KEPT_PAGE as usize
                {
                    others.insert(id);
                }
            }
        }
        self.shared.tracked.store(count as u64, Relaxed);
        unread.from = others.last().copied().filter(|_| others.len() == limit::KEPT_PAGE as usize);
        unread.some.append(&mut others);
        let gone = self.books().others_than(&there);
        gone.into_iter().for_each(|id| self.books().drop_widget(hub, id));
        Ok(())
    }

    /// Stores what waits, as much as may be at once. Whether more does.
    async fn write(&self, is_failing: &mut bool) -> bool {
        let Batch { widgets, done, left } = self.books().batch();
        let waiting = done.iter().map(|one| one.count).sum::<u64>() + left;
        self.shared.waiting.store(waiting, Relaxed);
        if done.is_empty() {
            return false;
        }
        match self.shared.catalog.put_widget_samples(widgets).await {
            Ok(written) => {
                self.shared.written.fetch_add(written, Relaxed);
                self.shared.waiting.store(left, Relaxed);
                self.books().stored(done);
                if std::mem::take(is_failing) {
                    info!("samples of widgets are stored again");
                }
                left > 0
            }
            Err(error) => {
                self.shared.failures.fetch_add(1, Relaxed);
                if !std::mem::replace(is_failing, true) {
                    warn!(%error, "samples of widgets cannot be stored, trying again with the newest");
                }
                false
            }
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
