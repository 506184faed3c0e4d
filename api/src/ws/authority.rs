//! Whether somebody may go on watching what they watch, for all sockets and streams that show something live.
//!
//! Asked again within a second of a change that concerns them ([`Change`]), at the end of what they have shown (a session, a token, a
//! link), and with each heartbeat in any case. Each asks at a moment of its own within [`limit::LIVE_ASK_SPREAD_MS`], for all that it watches together, and at most once in
//! [`limit::LIVE_ASK_PAUSE_MS`]. The question goes on beside what is shown, in a task of its own: a slow catalog holds up nobody's values. If
//! it cannot be answered for a heartbeat, the socket is closed.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use edgesync_schemas::id::OrganizationId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_schemas::wire::live::{ErrCode, Sub, SubId, Target};
use edgesync_storage::catalog::{self, Change, News, WatchedWidget};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::subscribe::{Refused, denied, refused};
use super::viewer::Viewer;
use crate::auth::{self, Credential};
use crate::state::AppState;

const HEARTBEAT: Duration = Duration::from_secs(limit::HEARTBEAT_S);
const PAUSE: Duration = Duration::from_millis(limit::LIVE_ASK_PAUSE_MS);

/// What somebody watches.
pub(crate) struct Watching {
    state: AppState,
    credential: Credential,
    viewer: Viewer,
    news: News,
    watched: HashMap<SubId, Watched>,
    /// Where what is watched is, or was.
    organizations: HashSet<OrganizationId>,
    /// Counts what was ever watched: an answer is about one of them, not about whatever has its number by now.
    serial: u64,
    asked_at: Instant,
    /// How often it was asked.
    #[cfg(test)]
    pub(crate) asks: usize,
    /// When to ask because of a change, if there was one.
    wanted_at: Option<Instant>,
    /// When to ask in any case.
    due_at: Instant,
    asking: Option<Asking>,
    /// Since when the question cannot be answered.
    failing_since: Option<Instant>,
}

struct Watched {
    sub: Sub,
    serial: u64,
    /// What it shows, as a number that changes with it.
    shows: u64,
}

/// A question under way. Dropping it ends it.
struct Asking(JoinHandle<Result<Option<Answer>, catalog::Error>>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Answer {
    viewer: Viewer,
    /// Of each that was asked about: its number, its serial, and what was found.
    found: Vec<(SubId, u64, Result<Seen, Refused>)>,
}

/// What may be watched.
struct Seen {
    organizations: Vec<OrganizationId>,
    shows: u64,
}

/// What somebody has lost.
pub(crate) enum Lost {
    /// All of it: they are not who they said they are any more.
    All(Close),
    /// These.
    Some(Vec<(SubId, Gone)>),
}

impl Lost {
    /// Whether a subscription is among it.
    pub(crate) fn has(&self, id: SubId) -> bool {
        match self {
            Self::All(_) => true,
            Self::Some(lost) => lost.iter().any(|(lost, _)| *lost == id),
        }
    }
}

/// What became of one thing that was watched.
pub(crate) enum Gone {
    /// It may not be watched any more.
    Refused(Refused),
    /// It shows something else now: it is to be subscribed to again, with this.
    Changed(Sub),
}

impl Watching {
    /// Of somebody who has shown `credential`; nothing yet. `news` was asked for before it was asked who that is.
    pub(crate) fn of(state: &AppState, news: News, credential: Credential, viewer: Viewer) -> Self {
        let now = Instant::now();
        Self {
            state: state.clone(),
            credential,
            news,
            watched: HashMap::new(),
            organizations: HashSet::new(),
            serial: 0,
            asked_at: now,
            #[cfg(test)]
            asks: 0,
            wanted_at: None,
            due_at: due_at(&viewer, now),
            viewer,
            asking: None,
            failing_since: None,
        }
    }

    /// Who watches.
    pub(crate) fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Watches over one thing more, if it may be watched; in the place of what had its number. Asked before it is subscribed to: what changes in between is found
    /// when it is asked again. Cancel safe: it is not watched then.
    ///
    /// # Errors
    /// As a subscription is refused.
    pub(crate) async fn watch(&mut self, sub: &Sub) -> Result<(), Refused> {
        if self.watched.len() >= limit::LIVE_SUBSCRIPTIONS && !self.watched.contains_key(&sub.id) {
            let most = limit::LIVE_SUBSCRIPTIONS;
            return refused(ErrCode::Limit, format!("at most {most} subscriptions of a socket"));
        }
        let asked = [(sub.id, 0, sub.target.clone())];
        let found = find(&self.state, &self.viewer, &asked).await.map_err(denied)?;
        let Some((_, _, seen)) = found.into_iter().next() else {
            return refused(ErrCode::Unavailable, "it cannot be looked up just now");
        };
        let Seen { organizations, shows } = seen?;
        self.organizations.extend(organizations);
        self.serial += 1;
        // A subscription that is made again begins with what is there then.
        let sub = Sub { since: None, ..sub.clone() };
        self.watched.insert(sub.id, Watched { sub, serial: self.serial, shows });
        Ok(())
    }

    /// Looks after it no longer.
    pub(crate) fn unwatch(&mut self, id: SubId) {
        self.watched.remove(&id);
    }

    /// Waits until something is lost, and looks after it no longer. Cancel safe.
    pub(crate) async fn lost(&mut self) -> Lost {
        loop {
            let ask_at = self.wanted_at.map_or(self.due_at, |wanted| wanted.min(self.due_at));
            let answered = match &mut self.asking {
                Some(asking) => tokio::select! {
                    change = self.news.next() => { self.hear(change); None }
                    answer = &mut asking.0 => Some(answer),
                },
                None => tokio::select! {
                    change = self.news.next() => { self.hear(change); None }
                    () = sleep_until(ask_at) => { self.ask(); None }
                },
            };
            let Some(answer) = answered else { continue };
            self.asking = None;
            // a question that panicked is one that failed
            if let Some(lost) = self.settle(answer.unwrap_or(Err(catalog::Error::Closed))) {
                return lost;
            }
        }
    }

    fn hear(&mut self, change: Change) {
        if change.concerns(self.viewer.user, &self.organizations) && self.wanted_at.is_none() {
            self.wanted_at = Some((Instant::now() + spread()).max(self.asked_at + PAUSE));
        }
    }

    fn ask(&mut self) {
        self.asked_at = Instant::now();
        self.wanted_at = None;
        #[cfg(test)]
        {
            self.asks += 1;
        }
        let (state, credential) = (self.state.clone(), self.credential);
        let watched = self.watched.iter();
        let asked: Vec<_> =
            watched.map(|(id, watched)| (*id, watched.serial, watched.sub.target.clone())).collect();
        self.asking = Some(Asking(tokio::spawn(async move {
            let Some(viewer) = Viewer::of(&state, &credential).await? else { return Ok(None) };
            Ok(Some(Answer { viewer, found: find(&state, &viewer, &asked).await? }))
        })));
    }

    fn settle(&mut self, answer: Result<Option<Answer>, catalog::Error>) -> Option<Lost> {
        let now = Instant::now();
        let Answer { viewer, found } = match answer {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                let why = "the token is unknown or has ended";
                return Some(Lost::All(Close::new(CloseCode::Authentication, why)));
            }
            Err(error) => {
                let since = *self.failing_since.get_or_insert(now);
                if now - since >= HEARTBEAT {
                    warn!(%error, "it cannot be looked up what somebody may watch");
                    let why = "it cannot be looked up just now what you may watch";
                    return Some(Lost::All(Close::new(CloseCode::Unavailable, why)));
                }
                let again = now + PAUSE.max(spread());
                self.wanted_at = Some(self.wanted_at.map_or(again, |wanted| wanted.min(again)));
                return None;
            }
        };
        self.failing_since = None;
        (self.viewer, self.due_at) = (viewer, due_at(&viewer, now));
        let mut lost = Vec::new();
        let mut organizations = HashSet::new();
        for (id, serial, seen) in found {
            let Some(watched) = self.watched.get_mut(&id).filter(|watched| watched.serial == serial) else {
                continue;
            };
            match seen {
                Ok(seen) => {
                    organizations.extend(seen.organizations);
                    if seen.shows != watched.shows {
                        watched.shows = seen.shows;
                        lost.push((id, Gone::Changed(watched.sub.clone())));
                    }
                }
                Err(refused) => {
                    self.watched.remove(&id);
                    lost.push((id, Gone::Refused(refused)));
                }
            }
        }
        // Where something is that is watched since it was asked, and where it was that moved: asked once too often rather than never.
        self.organizations.extend(organizations);
        if lost.is_empty() { None } else { Some(Lost::Some(lost)) }
    }
}

/// When to ask in any case: with the next heartbeat, each at a moment of its own, or just behind the end of what was shown.
fn due_at(viewer: &Viewer, now: Instant) -> Instant {
    let clock = Timestamp::from_us_saturating(jiff::Timestamp::now().as_microsecond());
    let left_us = |end: Timestamp| u64::try_from(end.as_us() - clock.as_us()).unwrap_or(0);
    let end = viewer.expires_at.map(|end| Duration::from_micros(left_us(end)) + Duration::from_millis(5));
    let beat = HEARTBEAT - spread();
    now + end.map_or(beat, |end| end.min(beat))
}

/// A moment of one's own. Without random numbers all ask at once: that is slow, not wrong.
fn spread() -> Duration {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    Duration::from_millis(u64::from(u16::from_ne_bytes(bytes)) % limit::LIVE_ASK_SPREAD_MS)
}

/// What `viewer` may watch of what is asked about; all of it is asked of the catalog together.
async fn find(
    state: &AppState,
    viewer: &Viewer,
    asked: &[(SubId, u64, Target)],
) -> Result<Vec<(SubId, u64, Result<Seen, Refused>)>, catalog::Error> {
    let (mut widgets, mut devices, mut flows) = (Vec::new(), Vec::new(), Vec::new());
    for (_, _, target) in asked.iter().filter(|(_, _, target)| viewer.may_name(target)) {
        match target {
            Target::Widget(id) => widgets.push(*id),
            Target::DeviceSensor { device, .. } => devices.push(*device),
            Target::FlowNode { flow, .. } | Target::FlowMetrics { flow } => flows.push(*flow),
        }
    }
    let (catalog, user) = (&state.catalog, viewer.user);
    let looked_up = async {
        let widgets = catalog.watchable_widgets(user, &distinct(widgets)).await?;
        let devices = catalog.watchable_devices(user, &distinct(devices)).await?;
        let flows = catalog.watchable_flows(user, &distinct(flows)).await?;
        Ok::<_, catalog::Error>((widgets, devices, flows))
    };
    let (widgets, devices, flows) = auth::narrowed(viewer.organization, looked_up).await?;
    let found = asked.iter().map(|(id, serial, target)| {
        let none = |what: &str| refused(ErrCode::NotFound, format!("no such {what}"));
        let seen = match target {
            target if !viewer.may_name(target) => {
                refused(ErrCode::Forbidden, "a share link shows the widgets of its dashboard only")
            }
            Target::Widget(id) => match widgets.get(id) {
                Some(widget) if viewer.dashboard.is_some_and(|only| only != widget.dashboard) => {
                    none("widget")
                }
                Some(widget) if !widget.reads_source => {
                    refused(ErrCode::Forbidden, "the widget's source is not there for you")
                }
                Some(widget) => {
                    let organizations = widget.organizations.into_iter().flatten().collect();
                    Ok(Seen { organizations, shows: shows(widget) })
                }
                None => none("widget"),
            },
            Target::DeviceSensor { device, .. } => match devices.get(device) {
                Some(organization) => Ok(Seen { organizations: vec![*organization], shows: 0 }),
                None => none("device"),
            },
            Target::FlowNode { flow, .. } | Target::FlowMetrics { flow } => match flows.get(flow) {
                Some(organization) => {
                    Ok(Seen { organizations: organization.iter().copied().collect(), shows: 0 })
                }
                None => none("flow"),
            },
        };
        (*id, *serial, seen)
    });
    Ok(found.collect())
}

impl Viewer {
    /// Whether they may ask about such a thing at all.
    fn may_name(&self, target: &Target) -> bool {
        self.dashboard.is_none() || matches!(target, Target::Widget(_))
    }
}

fn distinct<T: Hash + Eq>(ids: Vec<T>) -> Vec<T> {
    ids.into_iter().collect::<HashSet<_>>().into_iter().collect()
}

/// A number for what a widget shows: how it is drawn is not in it.
fn shows(widget: &WatchedWidget) -> u64 {
    let mut hasher = DefaultHasher::new();
    // A map with text keys and plain values: there is nothing in it that JSON cannot say.
    serde_json::to_string(&widget.source).unwrap_or_default().hash(&mut hasher);
    (widget.aggregation as u8, widget.refresh_interval, widget.max_samples).hash(&mut hasher);
    hasher.finish()
}
