//! A pack as a timely dataflow: a source that routes, a host that runs, a probe that says how far it has come.
//!
//! timely's times are epochs: one per commit or tick that was fed. The source holds a capability for the epoch it is at and lets go
//! of it when it has handed out the epoch's last row; the host keeps none; so the probe's frontier is past an epoch exactly when
//! all flows have seen it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use edgesync_schemas::reading::Commit;
use timely::Accountable;
use timely::container::NoopBuilder;
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Probe;
use timely::dataflow::operators::generic::OutputBuilderSession;
use timely::dataflow::operators::generic::operator::{Operator, source};
use timely::scheduling::Activator;
use timely::worker::Worker;

use super::clock::{self, Next};
use super::emit::Outbox;
use super::pack::{Host, Parcel, Router};

/// Number of a thing that was fed: timely's timestamp.
pub(crate) type Epoch = u64;

/// A thing to be done in an epoch.
pub(crate) enum Input {
    /// Rows from `next` on, and since when they wait.
    Rows { commit: Arc<Commit>, next: usize, fed: Instant },
    /// What time it is, and the arrival offset of the next reading.
    Tick { now_us: i64, next: u64 },
}

/// What the cell puts in front of a source.
pub(crate) type Inbox = VecDeque<(Epoch, Input)>;

/// A pack's dataflow as the cell holds it.
pub(crate) struct Dataflow {
    pub inbox: Rc<RefCell<Inbox>>,
    pub router: Rc<RefCell<Router>>,
    pub host: Rc<RefCell<Host>>,
    pub probe: ProbeHandle<Epoch>,
    pub activator: Activator,
}

/// What goes from source to host, to be taken out by the host. Behind an `Rc` because timely wants to be able to copy it.
#[derive(Clone, Default)]
struct Routed(Option<Rc<Cell<Option<Work>>>>);

enum Work {
    Rows { commit: Arc<Commit>, parcel: Parcel, fed: Instant },
    Tick { now_us: i64, next: u64 },
}

impl Accountable for Routed {
    fn record_count(&self) -> i64 {
        i64::from(self.0.is_some())
    }
}

/// Builds a pack's dataflow, whose clock shows `clock_us`. `chunk_rows` rows are handed out in one go.
pub(crate) fn render(
    worker: &mut Worker,
    outbox: &Rc<RefCell<Outbox>>,
    chunk_rows: usize,
    mut clock_us: i64,
) -> Dataflow {
    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let router = Rc::new(RefCell::new(Router::default()));
    let host = Rc::new(RefCell::new(Host::default()));
    let probe = ProbeHandle::new();
    let activator = worker.dataflow_named::<Epoch, _, _>("pack", |scope| {
        let mut activator = None;
        let routed = source(scope, "route", |capability, info| {
            activator = Some(scope.activator_for(info.address));
            let (inbox, router, outbox) = (Rc::clone(&inbox), Rc::clone(&router), Rc::clone(outbox));
            let mut capability = capability;
            move |output: &mut OutputBuilderSession<'_, Epoch, NoopBuilder<Routed>>| {
                let mut inbox = inbox.borrow_mut();
                if outbox.borrow().is_blocked() {
                    return;
                }
                let mut rows = 0;
                while rows < chunk_rows
                    && let Some((epoch, input)) = inbox.front_mut()
                {
                    let epoch = *epoch;
                    capability.downgrade(&epoch);
                    let (work, is_last) = match input {
                        Input::Tick { now_us, next } => {
                            clock_us = clock_us.max(*now_us);
                            (Some(Work::Tick { now_us: clock_us, next: *next }), true)
                        }
                        Input::Rows { commit, next, fed } => match clock::next(commit, *next, clock_us) {
                            Next::Tick(second_us) => {
                                clock_us = second_us;
                                let next = commit.first.0 + *next as u64;
                                (Some(Work::Tick { now_us: second_us, next }), false)
                            }
                            Next::Rows(end) => {
                                let end = end.min(*next + chunk_rows - rows);
                                let parcel = router.borrow_mut().route(commit, *next..end);
                                rows += end - *next;
                                *next = end;
                                let commit = Arc::clone(commit);
                                let is_last = end == commit.columns.len();
                                (
                                    (!parcel.is_empty()).then_some(Work::Rows { commit, parcel, fed: *fed }),
                                    is_last,
                                )
                            }
                        },
                    };
                    if let Some(work) = work {
                        let mut routed = Routed(Some(Rc::new(Cell::new(Some(work)))));
                        output.session_with_builder(&capability).give_container(&mut routed);
                    }
                    if is_last {
                        inbox.pop_front();
                        capability.downgrade(&(epoch + 1));
                    }
                }
            }
        });
        let (host, router, outbox) = (Rc::clone(&host), Rc::clone(&router), Rc::clone(outbox));
        routed
            .unary::<NoopBuilder<Vec<()>>, _, _, _>(Pipeline, "run", |_, _| {
                move |input, _| {
                    input.for_each(|_, routed| {
                        let Some(work) = routed.0.take().and_then(|work| work.take()) else { return };
                        let mut emit = |emission| outbox.borrow_mut().push(emission);
                        match work {
                            Work::Tick { now_us, next } => host.borrow_mut().tick(now_us, next, &mut emit),
                            Work::Rows { commit, mut parcel, fed } => {
                                host.borrow_mut().run(&commit, &mut parcel, fed, &mut emit);
                                router.borrow_mut().recycle(parcel);
                            }
                        }
                    });
                }
            })
            .probe_with(&probe);
        activator
    });
    // The closure above has set it; a scope's own address is never activated.
    let activator = activator.unwrap_or_else(|| worker.activator_for(Rc::from([])));
    Dataflow { inbox, router, host, probe, activator }
}
