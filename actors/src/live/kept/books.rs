//! Which widgets are kept, and which sources for them: at most so many, and so many bytes of rings, for all and for each organization.

mod batch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use edgesync_schemas::id::{OrganizationId, WidgetId};
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{Tracked, WidgetSample};
use tracing::debug;

pub(super) use self::batch::Batch;
use super::super::followed::{Followed, Room};
use super::super::hub::Hub;
use super::super::widget::{self, Keeps};
use super::pending::Pending;
use super::rows::Rows;
use super::stored::{Found, Stored, as_kept, newest};

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
    sources: HashMap<Keeps, OfSource>,
    of_organization: HashMap<OrganizationId, OfOrganization>,
    /// Of all rings and buckets.
    bytes: usize,
    /// The organization that was stored last.
    turn: Option<OrganizationId>,
}

/// What is kept for an organization.
#[derive(Debug, Default)]
struct OfOrganization {
    widgets: usize,
    /// Of the rings and buckets that its widgets need.
    bytes: usize,
    /// The widget that was stored last.
    turn: Option<WidgetId>,
}

/// A widget that is kept.
#[derive(Debug)]
struct Kept {
    of: Keeps,
    kept_since: Timestamp,
    max_samples: usize,
    organization: OrganizationId,
    written: Written,
}

/// What is stored of a widget.
#[derive(Debug)]
enum Written {
    /// Of values.
    Values {
        pending: Pending,
        /// All before this offset were removed for their size.
        cut: u64,
    },
    /// Of buckets.
    Buckets(Rows),
}

/// What is kept of a source for widgets: its values, or buckets of one interval of them.
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

    /// What is kept for a widget, and how many of it.
    pub(super) fn kept_of(&self, widget: WidgetId) -> Option<(&Keeps, usize)> {
        self.widgets.get(&widget).map(|kept| (&kept.of, kept.max_samples))
    }

    /// How many the widgets need of what is kept for them.
    pub(super) fn most_of(&self, of: &Keeps) -> usize {
        self.sources.get(of).and_then(|one| self.needed(one, None, None)).unwrap_or_default()
    }

    /// Kept widgets that are not among `there`.
    pub(super) fn others_than(&self, there: &BTreeSet<WidgetId>) -> Vec<WidgetId> {
        self.widgets.keys().filter(|id| !there.contains(id)).copied().collect()
    }

    /// Takes in what was found of the widgets that were adopted with nothing at the start.
    pub(super) fn begin(&mut self, hub: &Hub, found: Found) {
        for (keeps, (of, samples, arrival)) in found.longest {
            let Some(of_source) = self.sources.get_mut(&keeps) else { continue };
            hub.restore(&of_source.followed, &keeps, Stored::Values(samples, arrival));
            let next = of_source.followed.look(|ring| ring.next);
            let next_stored = |id| found.next.get(id).copied().unwrap_or_default();
            // who watches it already goes on with what came
            let is_restored = next >= next_stored(&of);
            let highest = of_source.widgets.iter().map(next_stored).max().unwrap_or_default();
            of_source.base = highest.saturating_sub(next);
            for id in &of_source.widgets {
                let Some(kept) = self.widgets.get_mut(id) else { continue };
                let is_stored = is_restored && (*id == of || next_stored(id) == next + of_source.base);
                kept.written = Written::values(if is_stored { next.min(next_stored(id)) } else { 0 });
            }
        }
        for (keeps, buckets) in found.buckets {
            let Some(of_source) = self.sources.get(&keeps) else { continue };
            hub.restore(&of_source.followed, &keeps, Stored::Buckets(buckets.into_values().collect()));
        }
        for (id, rows) in found.rows {
            let Some(kept) = self.widgets.get_mut(&id) else { continue };
            kept.written = Written::Buckets(rows);
        }
    }

    /// Keeps a widget from now on, as it is now, if there is room; `stored` is what is stored of it.
    pub(super) fn adopt(&mut self, hub: &Hub, tracked: Tracked, stored: Vec<WidgetSample>) {
        let Tracked { widget, organization, kept_since } = tracked;
        let Some((of, max_samples)) = widget::kept(&widget) else {
            return self.drop_widget(hub, widget.id);
        };
        let stored = newest(stored, &of, max_samples);
        let next_stored = stored.last().map_or(0, |sample| sample.n + 1);
        let rows = Rows::of(&stored);
        if self.widgets.get(&widget.id).is_some_and(|kept| kept.of != of) {
            self.drop_widget(hub, widget.id);
        }
        let is_known = self.widgets.contains_key(&widget.id);
        if !is_known && !self.has_room(organization)
            || !self.follow(hub, &of, (widget.id, organization, max_samples), stored)
        {
            debug!(widget = %widget.id, "its samples are not kept: there is no room for more");
            return self.drop_widget(hub, widget.id);
        }
        let Some(of_source) = self.sources.get_mut(&of) else { return };
        let written = match of.interval_ms {
            Some(_) => Written::Buckets(rows),
            None => {
                // what is stored under higher numbers would not let anything newer take its place
                let next = of_source.followed.look(|ring| ring.next);
                of_source.base = of_source.base.max(next_stored.saturating_sub(next));
                // All that the ring has is stored again where it is not known to be: what a widget has may have gone with its change.
                let is_stored = !is_known && next_stored == next + of_source.base;
                Written::values(if is_stored { next } else { 0 })
            }
        };
        if !is_known {
            self.of_organization.entry(organization).or_default().widgets += 1;
        }
        let kept = Kept { of, kept_since, max_samples, organization, written };
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
        of: &Keeps,
        (widget, organization, max_samples): (WidgetId, OrganizationId, usize),
        stored: Vec<WidgetSample>,
    ) -> bool {
        let of_source = self.sources.get(of);
        let needed = |whose| {
            let others = of_source.and_then(|one| self.needed(one, whose, Some(widget)));
            max_samples.max(others.unwrap_or(0))
        };
        let most = needed(None);
        // what is known of its rows is the widget's own
        let own_before = self.widgets.get(&widget).map_or(0, |kept| own_bytes(&kept.of, kept.max_samples));
        let own = own_bytes(of, max_samples);
        let before = of_source.map_or(0, |one| one.bytes) + own_before;
        let (shared, now) = (bytes(of, most), bytes(of, most) + own);
        if self.bytes - before + now > self.most.bytes && now > before {
            return false;
        }
        let of_organization = of_source.and_then(|one| one.of_organization.get(&organization));
        let (paid, pays) = (of_organization.copied().unwrap_or(0), bytes(of, needed(Some(organization))));
        let has = self.of_organization.get(&organization).map_or(0, |of| of.bytes);
        let will_have = has - paid - own_before + pays + own;
        if will_have > self.most.bytes_of_organization && will_have > has {
            return false;
        }
        let followed = match of_source {
            Some(one) => {
                hub.keep_more_or_fewer(&one.followed, of, room(most));
                one.followed.clone()
            }
            None => match hub.keep(of, room(most), as_kept(stored, of)) {
                Ok(followed) => followed,
                Err(_) => return false,
            },
        };
        self.bytes = self.bytes - before + now;
        self.of_organization.entry(organization).or_default().bytes = will_have;
        let one = self.sources.entry(of.clone()).or_insert_with(|| OfSource {
            followed,
            base: 0,
            widgets: BTreeSet::new(),
            bytes: 0,
            of_organization: HashMap::new(),
        });
        one.bytes = shared;
        one.of_organization.insert(organization, pays);
        one.widgets.insert(widget);
        true
    }

    /// Keeps a widget no longer.
    pub(super) fn drop_widget(&mut self, hub: &Hub, id: WidgetId) {
        let Some(kept) = self.widgets.remove(&id) else { return };
        let Some(mut of_source) = self.sources.remove(&kept.of) else { return };
        of_source.widgets.remove(&id);
        let own = own_bytes(&kept.of, kept.max_samples);
        let pays = self.needed(&of_source, Some(kept.organization), None).map(|most| bytes(&kept.of, most));
        let paid = match pays {
            Some(pays) => of_source.of_organization.insert(kept.organization, pays),
            None => of_source.of_organization.remove(&kept.organization),
        };
        if let Some(of) = self.of_organization.get_mut(&kept.organization) {
            of.widgets -= 1;
            of.bytes = of.bytes - own - paid.unwrap_or(0) + pays.unwrap_or(0);
            if of.widgets == 0 {
                self.of_organization.remove(&kept.organization);
            }
        }
        self.bytes -= of_source.bytes + own;
        if let Some(most) = self.needed(&of_source, None, None) {
            of_source.bytes = bytes(&kept.of, most);
            self.bytes += of_source.bytes;
            hub.keep_more_or_fewer(&of_source.followed, &kept.of, room(most));
            self.sources.insert(kept.of, of_source);
        } else {
            hub.keep_no_longer(&of_source.followed, &kept.of);
        }
    }
}

impl Written {
    /// All values before an offset.
    fn values(upto: u64) -> Self {
        Self::Values { pending: Pending::from(upto), cut: 0 }
    }
}

pub(super) fn room(samples: usize) -> Room {
    let raw_bytes = (samples * limit::KEPT_RAW_BYTES).clamp(limit::RAW_VALUE_BYTES, limit::LIVE_RAW_BYTES);
    Room { samples, raw_bytes }
}

/// Of what is kept for all of its widgets.
fn bytes(of: &Keeps, most: usize) -> usize {
    match of.interval_ms {
        None => most * limit::KEPT_SAMPLE_BYTES + room(most).raw_bytes,
        Some(_) => most * limit::KEPT_BUCKET_BYTES,
    }
}

/// Of what is kept for one of them alone.
fn own_bytes(of: &Keeps, max_samples: usize) -> usize {
    of.interval_ms.map_or(0, |_| max_samples * limit::KEPT_ROW_BYTES)
}

#[cfg(test)]
impl Books {
    /// Looks at what a source has.
    pub(super) fn of<T: Default>(
        &self,
        source: &super::super::source::Source,
        look: impl FnOnce(super::super::followed::Ring<'_>) -> T,
    ) -> T {
        let one = self.sources.iter().find(|(of, _)| of.source == *source);
        one.map(|(_, one)| one.followed.look(look)).unwrap_or_default()
    }

    /// Looks at what it has of buckets.
    pub(super) fn of_buckets<T: Default>(
        &self,
        source: &super::super::source::Source,
        interval_ms: u32,
        look: impl FnOnce(&super::super::buckets::Buckets) -> T,
    ) -> T {
        let of = Keeps { source: source.clone(), interval_ms: Some(interval_ms) };
        let one = self.sources.get(&of);
        one.and_then(|one| one.followed.look_at_buckets(interval_ms, look)).unwrap_or_default()
    }
}
