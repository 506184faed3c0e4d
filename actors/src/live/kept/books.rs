//! Which widgets are kept, and which sources for them: at most so many, and so many bytes of rings, for all and for each organization.

mod batch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use edgesync_schemas::id::{OrganizationId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Tracked, WidgetSample};
use tokio::time::Instant;
use tracing::debug;

pub(super) use self::batch::Batch;
use super::super::followed::{Followed, Room};
use super::super::hub::Hub;
use super::super::source::Source;
use super::super::widget;
use super::pending::Pending;
use super::stored::{Found, keep_newest, of_rings};

/// Limits, which tests may lower.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) widgets: usize,
    pub(super) of_organization: usize,
    pub(super) bytes: usize,
    pub(super) bytes_of_organization: usize,
    /// Samples that are stored at once.
    pub(super) rows: u64,
}

impl Default for Most {
    fn default() -> Self {
        Self {
            widgets: limit::KEPT_WIDGETS,
            of_organization: limit::KEPT_PER_ORGANIZATION,
            bytes: limit::KEPT_BYTES,
            bytes_of_organization: limit::KEPT_BYTES_PER_ORGANIZATION,
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
    of_organization: HashMap<OrganizationId, OfOrganization>,
    /// Of all rings.
    bytes: usize,
    /// The organization that was stored last.
    turn: Option<OrganizationId>,
}

/// What is kept for an organization.
#[derive(Debug, Default)]
struct OfOrganization {
    widgets: usize,
    /// Of the rings that its widgets need.
    bytes: usize,
    /// The widget that was stored last.
    turn: Option<WidgetId>,
}

/// A widget that is kept.
#[derive(Debug)]
struct Kept {
    source: Source,
    kept_since: Timestamp,
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
    /// What the ring would have for each organization alone: it pays for that, so it cannot lean on another's.
    of_organization: HashMap<OrganizationId, usize>,
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
    pub(super) fn is_as_of(&self, widget: WidgetId, kept_since: Timestamp) -> bool {
        self.widgets.get(&widget).is_some_and(|kept| kept.kept_since == kept_since)
    }

    pub(super) fn widgets(&self) -> usize {
        self.widgets.len()
    }

    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// What a widget that is kept shows, and how many samples of it.
    pub(super) fn source_of(&self, widget: WidgetId) -> Option<(&Source, usize)> {
        self.widgets.get(&widget).map(|kept| (&kept.source, kept.max_samples))
    }

    /// Kept widgets that are not among `there`.
    pub(super) fn others_than(&self, there: &BTreeSet<WidgetId>) -> Vec<WidgetId> {
        self.widgets.keys().filter(|id| !there.contains(id)).copied().collect()
    }

    /// Takes in what was found of the widgets that were adopted with nothing at the start.
    pub(super) fn begin(&mut self, hub: &Hub, found: Found) {
        for (source, (of, stored)) in found.longest {
            let Some(of_source) = self.sources.get_mut(&source) else { continue };
            hub.restore(&of_source.followed, stored);
            let next = of_source.followed.look(|ring| ring.next);
            let next_stored = |id| found.next.get(id).copied().unwrap_or_default();
            // who watches it already goes on with what came
            let is_restored = next >= next_stored(&of);
            let highest = of_source.widgets.iter().map(next_stored).max().unwrap_or_default();
            of_source.base = highest.saturating_sub(next);
            for id in &of_source.widgets {
                let Some(kept) = self.widgets.get_mut(id) else { continue };
                let is_stored = is_restored && (*id == of || next_stored(id) == next + of_source.base);
                kept.pending = Pending::from(if is_stored { next.min(next_stored(id)) } else { 0 });
            }
        }
    }

    /// Keeps a widget from now on, as it is now, if there is room; `stored` is what is stored of it.
    pub(super) fn adopt(&mut self, hub: &Hub, tracked: Tracked, mut stored: Vec<WidgetSample>) {
        let Tracked { widget, organization, kept_since } = tracked;
        let Some((source, max_samples)) = widget::kept(&widget) else {
            return self.drop_widget(hub, widget.id);
        };
        keep_newest(&mut stored, max_samples);
        let next_stored = stored.last().map_or(0, |sample| sample.n + 1);
        if self.widgets.get(&widget.id).is_some_and(|kept| kept.source != source) {
            self.drop_widget(hub, widget.id);
        }
        let is_known = self.widgets.contains_key(&widget.id);
        if !is_known && !self.has_room(organization)
            || !self.follow(hub, &source, (widget.id, organization, max_samples), stored)
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
            self.of_organization.entry(organization).or_default().widgets += 1;
        }
        let kept = Kept { source, kept_since, max_samples, organization, pending, cut: 0 };
        self.widgets.insert(widget.id, kept);
    }

    fn has_room(&self, organization: OrganizationId) -> bool {
        let of = self.of_organization.get(&organization);
        self.widgets.len() < self.most.widgets && of.is_none_or(|of| of.widgets < self.most.of_organization)
    }

    /// How many samples the widgets of a source need, those of one organization if it is named.
    fn needed(
        &self,
        of_source: &OfSource,
        of: Option<OrganizationId>,
        besides: Option<WidgetId>,
    ) -> Option<usize> {
        let widgets = of_source.widgets.iter().filter(|id| Some(**id) != besides);
        let widgets = widgets.filter_map(|id| self.widgets.get(id));
        let widgets = widgets.filter(|kept| of.is_none_or(|of| kept.organization == of));
        widgets.map(|kept| kept.max_samples).max()
    }

    /// Follows a source for one more widget, or for more samples of one. False if there is no room for that.
    fn follow(
        &mut self,
        hub: &Hub,
        source: &Source,
        (widget, organization, max_samples): (WidgetId, OrganizationId, usize),
        stored: Vec<WidgetSample>,
    ) -> bool {
        let of_source = self.sources.get(source);
        let room_of = |of| {
            let others = of_source.and_then(|one| self.needed(one, of, Some(widget)));
            room(max_samples.max(others.unwrap_or(0)))
        };
        let room = room_of(None);
        let (before, now) = (of_source.map_or(0, |one| one.bytes), bytes(room));
        if self.bytes - before + now > self.most.bytes && now > before {
            return false;
        }
        let of_organization = of_source.and_then(|one| one.of_organization.get(&organization));
        let (paid, pays) = (of_organization.copied().unwrap_or(0), bytes(room_of(Some(organization))));
        let has = self.of_organization.get(&organization).map_or(0, |of| of.bytes);
        if has - paid + pays > self.most.bytes_of_organization && pays > paid {
            return false;
        }
        let followed = match of_source {
            Some(one) => {
                one.followed.keep_for_widgets(room, Instant::now());
                one.followed.clone()
            }
            None => match hub.keep(source, room, of_rings(stored)) {
                Ok(followed) => followed,
                Err(_) => return false,
            },
        };
        self.bytes = self.bytes - before + now;
        self.of_organization.entry(organization).or_default().bytes = has - paid + pays;
        let one = self.sources.entry(source.clone()).or_insert_with(|| OfSource {
            followed,
            base: 0,
            widgets: BTreeSet::new(),
            bytes: 0,
            of_organization: HashMap::new(),
        });
        one.bytes = now;
        one.of_organization.insert(organization, pays);
        one.widgets.insert(widget);
        true
    }

    /// Keeps a widget no longer.
    pub(super) fn drop_widget(&mut self, hub: &Hub, id: WidgetId) {
        let Some(kept) = self.widgets.remove(&id) else { return };
        let Some(mut of_source) = self.sources.remove(&kept.source) else { return };
        of_source.widgets.remove(&id);
        let pays = self.needed(&of_source, Some(kept.organization), None).map(|most| bytes(room(most)));
        let paid = match pays {
            Some(pays) => of_source.of_organization.insert(kept.organization, pays),
            None => of_source.of_organization.remove(&kept.organization),
        };
        if let Some(of) = self.of_organization.get_mut(&kept.organization) {
            of.widgets -= 1;
            of.bytes = of.bytes - paid.unwrap_or(0) + pays.unwrap_or(0);
            if of.widgets == 0 {
                self.of_organization.remove(&kept.organization);
            }
        }
        self.bytes -= of_source.bytes;
        if let Some(most) = self.needed(&of_source, None, None) {
            let room = room(most);
            of_source.bytes = bytes(room);
            self.bytes += of_source.bytes;
            of_source.followed.keep_for_widgets(room, Instant::now());
            self.sources.insert(kept.source, of_source);
        } else {
            hub.keep_no_longer(&of_source.followed);
        }
    }
}

pub(super) fn room(samples: usize) -> Room {
    let raw_bytes = (samples * limit::KEPT_RAW_BYTES).clamp(limit::RAW_VALUE_BYTES, limit::LIVE_RAW_BYTES);
    Room { samples, raw_bytes }
}

fn bytes(room: Room) -> usize {
    room.samples * limit::KEPT_SAMPLE_BYTES + room.raw_bytes
}

#[cfg(test)]
impl Books {
    /// Looks at what a source has.
    pub(super) fn of<T: Default>(
        &self,
        source: &Source,
        look: impl FnOnce(super::super::followed::Ring<'_>) -> T,
    ) -> T {
        self.sources.get(source).map(|one| one.followed.look(look)).unwrap_or_default()
    }
}
