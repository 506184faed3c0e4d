//! A cell's thread: commands, readings, results, in turns, and sleep when there is nothing to do.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam::channel::Receiver;
use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::reading::{Commit, SeriesInfo};
use timely::WorkerConfig;
use timely::communication::Allocator;
use timely::communication::allocator::Thread;
use timely::worker::Worker;

use super::cancelled::Cancelled;
use super::clock;
use super::command::{Control, Generation, Work};
use super::emit::{Emission, Outbox, Outlet};
use super::feed::Shared;
use super::fence::describe;
use super::install::Recent;
use super::pack::Dictionary;
use super::render::{Dataflow, Epoch, Input};
use crate::metrics::FlowCounters;
use crate::options::Options;

/// How often a full outlet is tried again. Nobody wakes a cell when the reader has made room.
const RETRY: Duration = Duration::from_millis(1);

/// Runs a cell until it is stopped or condemned.
pub(crate) fn run(
    options: Options,
    outlet: Outlet,
    work: Receiver<Work>,
    control: Receiver<Control>,
    shared: &Arc<Shared>,
) {
    let mut cell = Cell::new(options, outlet, work, control, Arc::clone(shared));
    let outcome = catch_unwind(AssertUnwindSafe(|| cell.run()));
    if let Err(payload) = outcome {
        tracing::error!(message = describe(&*payload), "a cell is condemned");
        shared.condemned.store(true, Ordering::Release);
    }
    shared.stopped.store(true, Ordering::Release);
    // What a panic left behind may panic again when it is dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(cell)));
    let _ = catch_unwind(AssertUnwindSafe(|| (shared.on_room)()));
}

pub(super) struct Cell {
    pub(super) options: Options,
    pub(super) worker: Worker,
    pub(super) outbox: Rc<RefCell<Outbox>>,
    work: Receiver<Work>,
    control: Receiver<Control>,
    pub(super) shared: Arc<Shared>,
    pub(super) packs: Vec<Pack>,
    pub(super) flows: HashMap<FlowId, Installed>,
    pub(super) cancelled: Cancelled,
    pub(super) dictionary: Dictionary,
    /// What was fed and is not done: epochs, and their commits.
    fed: VecDeque<(Epoch, Option<Arc<Commit>>)>,
    next_epoch: Epoch,
    /// The reading after the newest that was fed.
    pub(super) next: Offset,
    pub(super) recent: Recent,
    /// What the flows' clock shows when everything that was fed is done.
    pub(super) clock_us: i64,
    /// An install that waits for what was fed before it.
    held: Option<Work>,
}

pub(super) struct Pack {
    pub dataflow: Dataflow,
    pub flows: usize,
}

pub(super) struct Installed {
    pub pack: usize,
    pub slot: u32,
    pub generation: Generation,
    pub counters: Arc<FlowCounters>,
}

impl Cell {
    fn new(
        options: Options,
        outlet: Outlet,
        work: Receiver<Work>,
        control: Receiver<Control>,
        shared: Arc<Shared>,
    ) -> Self {
        let config = WorkerConfig::default().idle_spin(Duration::ZERO);
        // Without a start time timely would never park.
        let worker = Worker::new(config, Allocator::Thread(Thread::default()), Some(Instant::now()));
        Self {
            options,
            worker,
            outbox: Rc::new(RefCell::new(Outbox::new(outlet))),
            work,
            control,
            shared,
            packs: Vec::new(),
            flows: HashMap::new(),
            cancelled: Cancelled::default(),
            dictionary: Dictionary::default(),
            fed: VecDeque::new(),
            next_epoch: 0,
            next: Offset::default(),
            recent: Recent::default(),
            clock_us: 0,
            held: None,
        }
    }

    fn run(&mut self) {
        loop {
            // Before looking: whoever asks from here on wakes this thread again.
            self.shared.armed.swap(false, Ordering::AcqRel);
            self.take_control(false);
            if self.shared.abandoned.load(Ordering::Acquire) {
                return;
            }
            self.outbox.borrow_mut().flush();
            if self.outbox.borrow().is_blocked() {
                std::thread::park_timeout(RETRY);
                continue;
            }
            self.take_work();
            if !self.fed.is_empty() {
                self.packs
                    .iter()
                    .filter(|pack| pack.has_input())
                    .for_each(|pack| pack.dataflow.activator.activate());
                self.worker.step();
                self.settle();
                continue;
            }
            if self.shared.stopped.load(Ordering::Acquire) && self.work.is_empty() {
                return;
            }
            if self.work.is_empty() && self.control.is_empty() {
                self.cancelled.clear();
                self.worker.step_or_park(None);
            }
        }
    }

    /// Removes what is to be removed. `has_work`: an install that it is meant for may be at hand.
    fn take_control(&mut self, has_work: bool) {
        while let Ok(Control::Remove { flow, generation }) = self.control.try_recv() {
            self.remove(flow, generation, has_work);
        }
    }

    /// Takes what was asked, up to an install that must wait for what was fed before it.
    fn take_work(&mut self) {
        while self.fed.len() < self.options.feed_commits.max(1) {
            let work = match self.held.take() {
                Some(work) => work,
                None => {
                    let Ok(work) = self.work.try_recv() else { return };
                    self.cancelled.take();
                    work
                }
            };
            // What was asked before this work must not come after it.
            self.take_control(true);
            match work {
                Work::From(next) => self.next = self.next.max(next),
                Work::Series(known) => self.learn(&known),
                Work::Feed(commit, fed) => {
                    self.learn(&commit.new_series);
                    self.clock_us = clock::after(self.clock_us, &commit);
                    self.next = self.next.max(commit.end());
                    self.recent.push(&commit);
                    self.feed(|| Input::Rows { commit: Arc::clone(&commit), next: 0, fed });
                    self.fed.push_back((self.next_epoch, Some(commit)));
                    self.next_epoch += 1;
                }
                Work::Tick(now) => {
                    let (now_us, next) = (clock::second_us(now), self.next.0);
                    if now_us <= self.clock_us {
                        continue;
                    }
                    self.clock_us = now_us;
                    self.feed(|| Input::Tick { now_us, next });
                    self.fed.push_back((self.next_epoch, None));
                    self.next_epoch += 1;
                }
                Work::Install(_) | Work::Save { .. } | Work::SaveAll { .. } if !self.fed.is_empty() => {
                    self.held = Some(work);
                    return;
                }
                Work::Install(install) => self.install(install),
                Work::Save { flow, takes_out, reply } => {
                    if takes_out.as_ref().is_some_and(|claim| !claim.take()) {
                        continue;
                    }
                    let saved = self.save(flow);
                    if takes_out.is_some() {
                        self.take_out(flow);
                        // behind all that it made
                        self.outbox.borrow_mut().push(Emission::Left(flow));
                        self.shared.flows.store(self.flows.len(), Ordering::Release);
                    }
                    (reply.0)(saved);
                }
                Work::SaveAll { flows, bytes_most, reply } => (reply.0)(self.save_all(&flows, bytes_most)),
            }
        }
    }

    fn feed(&self, input: impl Fn() -> Input) {
        for pack in &self.packs {
            pack.dataflow.inbox.borrow_mut().push_back((self.next_epoch, input()));
        }
    }

    /// Notes what is done.
    fn settle(&mut self) {
        let mut moved = false;
        while let Some((epoch, commit)) = self.fed.front() {
            if self
                .packs
                .iter()
                .any(|pack| pack.has_input_of(*epoch) || pack.dataflow.probe.less_equal(epoch))
            {
                break;
            }
            // Results of a commit are out before it counts as done.
            if self.outbox.borrow().is_blocked() {
                break;
            }
            // Whoever sees the frontier sees the clock that belongs to it.
            if self.fed.len() == 1 {
                self.shared.clock_us.store(self.clock_us, Ordering::Release);
            }
            if let Some(commit) = commit {
                self.shared.done(commit);
            }
            moved = true;
            self.fed.pop_front();
        }
        if moved {
            self.outbox.borrow_mut().flush();
            (self.shared.on_room)();
        }
    }

    fn learn(&mut self, infos: &[Arc<SeriesInfo>]) {
        for info in infos {
            let is_new = self.dictionary.learn(info);
            for pack in &self.packs {
                pack.learn(info, is_new);
            }
        }
    }

    fn remove(&mut self, flow: FlowId, generation: Generation, has_work: bool) {
        if has_work || !self.work.is_empty() || self.held.is_some() {
            self.cancelled.note(flow, generation, self.work.len());
        }
        if self.flows.get(&flow).is_some_and(|installed| installed.generation <= generation) {
            self.take_out(flow);
        }
        self.shared.flows.store(self.flows.len(), Ordering::Release);
    }
}

impl Pack {
    fn has_input(&self) -> bool {
        !self.dataflow.inbox.borrow().is_empty()
    }

    fn has_input_of(&self, epoch: Epoch) -> bool {
        self.dataflow.inbox.borrow().front().is_some_and(|(first, _)| *first <= epoch)
    }

    fn learn(&self, info: &Arc<SeriesInfo>, is_new: bool) {
        let mut router = self.dataflow.router.borrow_mut();
        let mut host = self.dataflow.host.borrow_mut();
        if is_new {
            for slot in router.slots_of(info.device).to_vec() {
                if let Some(key) = host.slot(slot).as_mut().and_then(|flow| flow.subscribe(info)) {
                    router.add(info.id, slot, key);
                }
            }
        } else {
            for (slot, key) in router.targets_of(info.id) {
                if let Some(flow) = host.slot(slot) {
                    flow.renew(key, info);
                }
            }
        }
    }
}
