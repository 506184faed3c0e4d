//! Which widgets are kept, and which sources for them: at most so many, and so many bytes of rings, for all and for each organization.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use edgesync_schemas::id::{OrganizationId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Tracked, WidgetSample, WidgetSamples};
use tokio::time::Instant;
use tracing::debug;

use super::super::hub::Hub;
use super::super::source::{Followed, Ring, Room, Source};
use super::super::widget;
use super::pending::{Pending, shares};
use super::{Stored, of_ring};

/// Limits, which tests may lower.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) widgets: usize,
    pub(super) of_organization: usize,
    pub(super) bytes: usize,
    /// Samples that are stored at once.
    pub(super) rows: u64,
}

impl Default for Most {
    fn default() -> Self {
        Self {
            widgets: limit::KEPT_WIDGETS,
            of_organization: limit::KEPT_PER_ORGANIZATION,
            bytes: limit::KEPT_BYTES,
            rows: limit::KEPT_ROWS_PER_S as u64,
        }
    }
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Books {
    most: Most,
    widgets: BTreeMap<WidgetId, Kept>,
    sources: HashMap<Source, OfSource>,
    of_organization: HashMap<OrganizationId, usize>,
    /// Of all rings.
    bytes: usize,
    /// The widget that was stored last when not all could be.
    turn: Option<WidgetId>,
}

/// A widget that is kept.
#[derive(Debug)]
struct Kept {
    source: Source,
    updated_at: Timestamp,
    max_samples: usize,
    organization: OrganizationId,
    pending: Pending,
    /// All before this offset were removed for their size.
    cut: u64,
}

/// A source that is followed for widgets.
#[derive(Debug)]
struct OfSource {
    followed: Arc<Followed>,
    /// The number of a stored sample is this and its offset.
    base: u64,
    widgets: BTreeSet<WidgetId>,
    bytes: usize,
}

/// What is stored next.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) widgets: Vec<WidgetSamples>,
    pub(super) done: Vec<Done>,
    /// How many wait besides.
    pub(super) left: u64,
}

/// How a widget is once its part of a batch is stored.
#[derive(Debug)]
pub(super) struct Done {
    widget: WidgetId,
    updated_at: Timestamp,
    pending: Pending,
    cut: u64,
    /// How many that are.
    pub(super) count: u64,
}

impl Books {
    pub(super) fn new(most: Most) -> Self {
        Self {
            most,
            widgets: BTreeMap::new(),
            sources: HashMap::new(),
            of_organization: HashMap::new(),
            bytes: 0,
            turn: None,
        }
    }

    pub(super) fn has(&self, widget: WidgetId) -> bool {
        self.widgets.contains_key(&widget)
    }

    /// Whether a widget is kept as it was after this change.
    pub(super) fn is_as_of(&self, widget: WidgetId, updated_at: Timestamp) -> bool {
        self.widgets.get(&widget).is_some_and(|kept| kept.updated_at == updated_at)
    }

    pub(super) fn widgets(&self) -> usize {
        self.widgets.len()
    }

    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Kept widgets that are not among `there`.
    pub(super) fn others_than(&self, there: &BTreeSet<WidgetId>) -> Vec<WidgetId> {
        self.widgets.keys().filter(|id| !there.contains(id)).copied().collect()
    }

    /// Takes in all that there are at the start, with what is stored of them. Widgets of one source share its ring.
    pub(super) fn adopt_all(
        &mut self,
        hub: &Hub,
        tracked: Vec<Tracked>,
        mut stored: HashMap<WidgetId, Vec<WidgetSample>>,
    ) {
        // the largest ring of a source first: it has what the others have, and the source begins with it
        let mut tracked: Vec<_> =
            tracked.into_iter().map(|one| (stored.remove(&one.widget.id).unwrap_or_default(), one)).collect();
        tracked.sort_by_key(|(stored, one)| {
            let newest = stored.iter().map(|sample| sample.arrival).max();
            std::cmp::Reverse((stored.len(), newest, one.widget.max_samples))
        });
        for (stored, one) in tracked {
            self.adopt(hub, one, stored);
        }
    }

    /// Keeps a widget from now on, as it is now, if there is room; `stored` is what is stored of it.
    pub(super) fn adopt(&mut self, hub: &Hub, tracked: Tracked, mut stored: Vec<WidgetSample>) {
        let Tracked { widget, organization } = tracked;
        let Some((source, max_samples)) = widget::kept(&widget) else {
            return self.drop_widget(hub, widget.id);
        };
        stored.sort_by_key(|sample| sample.n);
        if let Some(newest) = stored.last().map(|sample| sample.n) {
            stored.retain(|sample| sample.n + max_samples as u64 > newest);
        }
        let next_stored = stored.last().map_or(0, |sample| sample.n + 1);
        if self.widgets.get(&widget.id).is_some_and(|kept| kept.source != source) {
            self.drop_widget(hub, widget.id);
        }
        let is_known = self.widgets.contains_key(&widget.id);
        if !is_known && !self.has_room(organization)
            || !self.follow(hub, &source, widget.id, max_samples, stored)
        {
            debug!(widget = %widget.id, "its samples are not kept: there is no room for more");
            return self.drop_widget(hub, widget.id);
        }
        let Some(of_source) = self.sources.get_mut(&source) else { return };
        // what is stored under higher numbers would not let anything newer take its place
        let next = of_source.followed.look(|ring| ring.next);
        of_source.base = of_source.base.max(next_stored.saturating_sub(next));
        // All that the ring has is stored again where it is not known to be: what a widget has may have gone with its change.
        let is_stored = !is_known && next_stored == next + of_source.base;
        let pending = Pending::from(if is_stored { next } else { 0 });
        if !is_known {
            *self.of_organization.entry(organization).or_default() += 1;
        }
        let updated_at = widget.updated_at;
        let kept = Kept { source, updated_at, max_samples, organization, pending, cut: 0 };
        self.widgets.insert(widget.id, kept);
    }

    fn has_room(&self, organization: OrganizationId) -> bool {
        self.widgets.len() < self.most.widgets
            && self.of_organization.get(&organization).is_none_or(|count| *count < self.most.of_organization)
    }

    /// Follows a source for one more widget, or for more samples of one. False if there is no room for that.
    fn follow(
        &mut self,
        hub: &Hub,
        source: &Source,
        widget: WidgetId,
        max_samples: usize,
        stored: Vec<WidgetSample>,
    ) -> bool {
        let of_source = self.sources.get(source);
        let others = of_source.into_iter().flat_map(|one| &one.widgets).filter(|id| **id != widget);
        let most = others.filter_map(|id| Some(self.widgets.get(id)?.max_samples)).max();
        let room = room(max_samples.max(most.unwrap_or(0)));
        let (before, now) = (of_source.map_or(0, |one| one.bytes), bytes(room));
        if self.bytes - before + now > self.most.bytes && now > before {
            return false;
        }
        let arrival = stored.iter().map(|sample| sample.arrival).max().unwrap_or_default();
        let stored = Stored { samples: stored.into_iter().map(of_ring).collect(), arrival };
        let followed = match of_source {
            Some(one) => {
                one.followed.keep_for_widgets(room, Instant::now());
                one.followed.clone()
            }
            None => match hub.keep(source, room, stored) {
                Ok(followed) => followed,
                Err(_) => return false,
            },
        };
        self.bytes = self.bytes - before + now;
        let one = self.sources.entry(source.clone()).or_insert_with(|| OfSource {
            followed,
            base: 0,
            widgets: BTreeSet::new(),
            bytes: 0,
        });
        one.bytes = now;
        one.widgets.insert(widget);
        true
    }

    /// Keeps a widget no longer.
    pub(super) fn drop_widget(&mut self, hub: &Hub, id: WidgetId) {
        let Some(kept) = self.widgets.remove(&id) else { return };
        if let Some(count) = self.of_organization.get_mut(&kept.organization) {
            *count -= 1;
            if *count == 0 {
                self.of_organization.remove(&kept.organization);
            }
        }
        let Some(of_source) = self.sources.get_mut(&kept.source) else { return };
        of_source.widgets.remove(&id);
        let most = of_source.widgets.iter().filter_map(|id| Some(self.widgets.get(id)?.max_samples)).max();
        self.bytes -= of_source.bytes;
        if let Some(most) = most {
            let room = room(most);
            of_source.bytes = bytes(room);
            self.bytes += of_source.bytes;
            of_source.followed.keep_for_widgets(room, Instant::now());
        } else {
            hub.keep_no_longer(&of_source.followed);
            self.sources.remove(&kept.source);
        }
    }

    /// What may be stored at once of what waits: the newest of each widget, as many of each as far as they have them.
    pub(super) fn batch(&mut self) -> Batch {
        let mut waiting = Vec::new();
        for (id, kept) in self.turns() {
            let Some(of_source) = self.sources.get(&kept.source) else { continue };
            let count = of_source.followed.look(|ring| kept.pending.count(&kept.among(&ring)));
            if count > 0 {
                waiting.push((id, count));
            }
        }
        let counts: Vec<_> = waiting.iter().map(|(_, count)| *count).collect();
        let shares = shares(&counts, self.most.rows);
        let mut batch = Batch::default();
        let mut raw_bytes = 0;
        for ((id, count), share) in waiting.into_iter().zip(shares) {
            let (Some(kept), true) =
                (self.widgets.get(&id), share > 0 && raw_bytes < limit::KEPT_ROWS_RAW_BYTES)
            else {
                batch.left += count;
                continue;
            };
            let Some(of_source) = self.sources.get(&kept.source) else { continue };
            let (samples, done) = of_source.followed.look(|ring| kept.take(id, &ring, of_source.base, share));
            raw_bytes +=
                samples.samples.iter().filter_map(|one| one.raw.as_ref()).map(|raw| raw.len()).sum::<usize>();
            batch.left += count.saturating_sub(done.count);
            batch.widgets.push(samples);
            batch.done.push(done);
            self.turn = Some(id);
        }
        if batch.left == 0 {
            self.turn = None;
        }
        batch
    }

    /// All widgets, beginning behind the one whose turn was last.
    fn turns(&self) -> impl Iterator<Item = (WidgetId, &Kept)> {
        let after = |id: &WidgetId| self.turn.is_none_or(|turn| *id > turn);
        let (behind, before): (Vec<_>, Vec<_>) = self.widgets.iter().partition(|(id, _)| after(id));
        behind.into_iter().chain(before).map(|(id, kept)| (*id, kept))
    }

    /// A batch is stored. What was changed meanwhile is stored anew.
    pub(super) fn stored(&mut self, done: Vec<Done>) {
        for one in done {
            if let Some(kept) = self.widgets.get_mut(&one.widget)
                && kept.updated_at == one.updated_at
            {
                (kept.pending, kept.cut) = (one.pending, one.cut);
            }
        }
    }
}

impl Kept {
    /// The offsets of its newest values that the ring has.
    fn among(&self, ring: &Ring<'_>) -> Range<u64> {
        ring.next.saturating_sub(self.max_samples as u64).max(ring.start)..ring.next
    }

    /// The newest `most` that wait.
    fn take(&self, id: WidgetId, ring: &Ring<'_>, base: u64, most: u64) -> (WidgetSamples, Done) {
        let among = self.among(ring);
        let mut samples = Vec::new();
        for part in self.pending.newest(&among, most) {
            let from = ring.samples.partition_point(|sample| sample.offset < part.start);
            let of_part = ring.samples.range(from..).take_while(|sample| sample.offset < part.end);
            samples.extend(of_part.filter_map(|sample| {
                let raw = sample.point.raw.clone();
                let fits = raw.as_ref().is_none_or(|raw| raw.len() <= limit::RAW_VALUE_BYTES);
                (fits && sample.point.num.is_finite()).then(|| WidgetSample {
                    n: sample.offset + base,
                    ts: sample.point.ts,
                    value: sample.point.num,
                    unit: sample.unit.clone(),
                    raw,
                    arrival: ring.arrival,
                })
            }));
        }
        let is_cut = ring.cut > self.cut && ring.cut + self.max_samples as u64 > ring.next;
        let keep_from = is_cut.then_some(ring.cut + base);
        let pending = self.pending.stored(&among, most);
        let count = self.pending.count(&among).min(most);
        let done = Done { widget: id, updated_at: self.updated_at, pending, cut: ring.cut, count };
        (WidgetSamples { widget: id, updated_at: self.updated_at, samples, keep_from }, done)
    }
}

fn room(samples: usize) -> Room {
    let raw_bytes = (samples * limit::KEPT_RAW_BYTES).clamp(limit::RAW_VALUE_BYTES, limit::LIVE_RAW_BYTES);
    Room { samples, raw_bytes }
}

fn bytes(room: Room) -> usize {
    room.samples * limit::KEPT_SAMPLE_BYTES + room.raw_bytes
}

#[cfg(test)]
impl Books {
    /// Looks at what a source has.
    pub(super) fn of<T: Default>(&self, source: &Source, look: impl FnOnce(Ring<'_>) -> T) -> T {
        self.sources.get(source).map(|one| one.followed.look(look)).unwrap_or_default()
    }
}
