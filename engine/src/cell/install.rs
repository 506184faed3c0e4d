//! Putting flows into a cell's packs and taking them out, between two commits.

use std::collections::VecDeque;
use std::sync::Arc;

use edgesync_schemas::id::{FlowId, Offset};
use edgesync_schemas::limit;
use edgesync_schemas::reading::Commit;

use super::command::{Begin, Install, Outcome, Told};
use super::render::render;
use super::step::{Cell, Installed, Pack};
use crate::metrics::FlowState;
use crate::replay::{History, Prepared, Replay};
use crate::segment::{FlowRun, Round};
use crate::state::{Saved, SavedFlow};

/// The newest commits that a cell was fed: what a flow that comes from elsewhere may have missed.
#[derive(Debug, Default)]
pub(super) struct Recent {
    commits: VecDeque<Arc<Commit>>,
    bytes: usize,
}

impl Recent {
    /// Remembers a commit, and forgets the oldest of too many.
    pub fn push(&mut self, commit: &Arc<Commit>) {
        self.bytes += commit.columns.bytes();
        self.commits.push_back(Arc::clone(commit));
        while self.commits.len() > limit::RECENT_COMMITS || self.bytes > limit::RECENT_BYTES {
            let Some(oldest) = self.commits.pop_front() else { return };
            self.bytes -= oldest.columns.bytes();
        }
    }

    /// The commits that have all from a reading on; `None` if some are forgotten.
    fn from(&self, next: Offset) -> Option<impl Iterator<Item = &Arc<Commit>>> {
        let has_all = self.commits.front().is_some_and(|oldest| oldest.first <= next);
        has_all.then(|| self.commits.iter().filter(move |commit| commit.end() > next))
    }
}

impl Cell {
    /// Installs a flow and says what became of that.
    pub(super) fn install(&mut self, install: Install) {
        let Install { generation, plan, counters, account, begin, claim, reply } = install;
        let flow = counters.flow;
        let (is_prepared, is_saved) =
            (matches!(begin, Begin::Prepared(_)), matches!(begin, Begin::Saved(..) | Begin::Moved(..)));
        let put = if self.cancelled.has(flow, generation) || !claim.take() {
            Err((Outcome::Removed, None))
        } else {
            let keys = self.options.keys_per_node;
            match begin {
                // what runs has put out nothing of what lies between
                Begin::Prepared(prepared)
                    if self.flows.contains_key(&flow) && prepared.run.seen_to() > self.next =>
                {
                    Err((Outcome::Ahead(self.next), Some(prepared)))
                }
                begin => {
                    let mut run = FlowRun::new(Arc::clone(&counters), plan, keys);
                    run.draw_on(&account);
                    self.begin(run, begin)
                }
            }
        };
        let told = match put {
            Ok(mut run) => {
                if let Some(old) = self.flows.get(&flow).filter(|_| !is_saved) {
                    let mut host = self.packs[old.pack].dataflow.host.borrow_mut();
                    host.slot(old.slot).iter_mut().for_each(|old| run.take_over(old, is_prepared));
                }
                if !is_saved {
                    let old = self.flows.get(&flow).map(|old| Arc::clone(&old.counters));
                    run.count_with(Arc::clone(&counters));
                    // of one that begins with nothing it is told who watches before this
                    if is_prepared {
                        old.iter().for_each(|old| run.watched_as(old));
                    }
                    run.count_held();
                }
                // one that was prepared has had an account of its own, and what is taken over may have had another one
                run.draw_on(&account);
                let (pack, slot) = self.put(run);
                counters.set_state(FlowState::Running);
                self.flows.insert(flow, Installed { pack, slot, generation, counters });
                Told { outcome: Outcome::Installed(self.next), back: None }
            }
            Err((outcome, back)) => {
                counters.set_state(FlowState::Removed);
                Told { outcome, back }
            }
        };
        self.shared.flows.store(self.flows.len(), std::sync::atomic::Ordering::Release);
        if let Some(reply) = reply {
            (reply.0)(told);
        }
    }

    /// A run that has seen what the cell has.
    fn begin(&mut self, mut run: FlowRun, begin: Begin) -> Result<FlowRun, (Outcome, Option<Prepared>)> {
        let prepared = match &begin {
            Begin::Prepared(prepared) => Some(prepared.put_out),
            _ => None,
        };
        let is_empty = matches!(begin, Begin::Empty | Begin::At(_));
        match begin {
            Begin::Empty => {}
            Begin::At(next) => run.skip_to(next),
            Begin::Saved(saved, muted_to, clock) => {
                self.load(&mut run, &saved)?;
                run.mute_to(muted_to, clock.as_us());
            }
            Begin::Moved(saved, old) => {
                run.watched_as(&old);
                self.load(&mut run, &saved)?;
                let (next, clock) = saved.put_out();
                run.mute_to(next, clock.as_us());
            }
            Begin::Prepared(prepared) => {
                run = *prepared.run;
                match prepared.put_out {
                    Some((next, clock)) => run.mute_to(next, clock.as_us()),
                    None => {
                        run.begin_empty();
                        run.mute_to(self.next, self.clock_us);
                    }
                }
            }
        }
        if !is_empty && run.seen_to() < self.next {
            let Some(missed) = self.recent.from(run.seen_to()) else {
                let back = prepared.map(|put_out| Prepared { run: Box::new(run), put_out });
                return Err((Outcome::Behind(self.next), back));
            };
            let mut replay = Replay::of(run, self.options.chunk_rows);
            let mut emit = |emission| self.outbox.borrow_mut().push(emission);
            for commit in missed {
                let info_of = |series| self.dictionary.info(series);
                replay.feed(&History::of_commit(commit), &info_of, &mut emit);
            }
            run = replay.into_run();
        }
        let round = Round { now_us: self.clock_us, tick: Some(self.next.0) };
        let mut emit = |emission| self.outbox.borrow_mut().push(emission);
        run.tick(round, &mut Default::default(), &mut emit);
        Ok(run)
    }

    fn load(&self, run: &mut FlowRun, saved: &Saved) -> Result<(), (Outcome, Option<Prepared>)> {
        let loaded = run.load(saved, |series| self.dictionary.info(series));
        loaded.map_err(|_| (Outcome::BadState, None))?;
        run.count_held();
        Ok(())
    }

    /// Puts a flow into its old slot if it has one, so that its pack stays as it is.
    fn put(&mut self, mut run: FlowRun) -> (usize, u32) {
        // what a unit is called that a series has by now, one that ran by itself may not know
        run.renew_all(|series| self.dictionary.info(series));
        let old = self.flows.get(&run.flow).map(|old| old.pack);
        self.take_out(run.flow);
        let room = |pack: &Pack| pack.flows < self.options.flows_per_pack.max(1);
        let at = old.or_else(|| self.packs.iter().position(room)).unwrap_or_else(|| {
            let chunk_rows = self.options.chunk_rows.max(1);
            let dataflow = render(&mut self.worker, &self.outbox, chunk_rows, self.clock_us);
            self.packs.push(Pack { dataflow, flows: 0 });
            self.packs.len() - 1
        });
        let pack = &mut self.packs[at];
        pack.flows += 1;
        let mut host = pack.dataflow.host.borrow_mut();
        host.set_now(self.clock_us);
        let slot = host.free_slot();
        let mut router = pack.dataflow.router.borrow_mut();
        let devices: Vec<_> = run.devices().collect();
        for device in devices {
            router.add_device(device, slot);
            for info in self.dictionary.of_device(device) {
                if router.targets_of(info.id).iter().all(|(other, _)| *other != slot)
                    && let Some(key) = run.subscribe(info)
                {
                    router.add(info.id, slot, key);
                }
            }
        }
        *host.slot(slot) = Some(run);
        (at, slot)
    }

    /// Takes a flow out of its slot.
    pub(super) fn take_out(&mut self, flow: FlowId) {
        let Some(installed) = self.flows.remove(&flow) else { return };
        installed.counters.set_state(FlowState::Removed);
        let pack = &mut self.packs[installed.pack];
        pack.flows -= 1;
        let run = pack.dataflow.host.borrow_mut().slot(installed.slot).take();
        let mut router = pack.dataflow.router.borrow_mut();
        if let Some(run) = run {
            run.devices().for_each(|device| router.remove_device(device, installed.slot));
            run.series_ids().for_each(|series| router.remove(series, installed.slot));
        }
    }

    /// What a flow remembers.
    pub(super) fn save(&self, flow: FlowId) -> Option<Saved> {
        let installed = self.flows.get(&flow)?;
        let mut host = self.packs[installed.pack].dataflow.host.borrow_mut();
        host.slot(installed.slot).as_ref().map(|run| run.save(self.next))
    }

    /// What some flows remember, until it is more than so many bytes; those that are not here are left out.
    pub(super) fn save_all(&self, flows: &[FlowId], bytes_most: usize) -> Vec<SavedFlow> {
        let (mut all, mut bytes) = (Vec::with_capacity(flows.len()), 0);
        for flow in flows {
            if bytes > bytes_most {
                break;
            }
            let Some(installed) = self.flows.get(flow) else { continue };
            let Some(saved) = self.save(*flow) else { continue };
            bytes += saved.bytes();
            let counters = Arc::clone(&installed.counters);
            all.push(SavedFlow { saved, moved: counters.moved(), counters });
        }
        all
    }
}
