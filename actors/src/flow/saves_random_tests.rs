//! Random loads, standstills, moves, condemned cells and kills: after each start every flow shows again exactly what comes after the place that was
//! written down for it, so that nothing is missing from what it remembers, and nothing from what was shown.

use super::saves_stage::{Server, means};
use super::*;
use crate::testing::eventually;

const STEPS: usize = 60;
const FLOWS: usize = 5;
/// Normal cells; one more is for slowed flows.
const CELLS: usize = 2;

/// Random numbers of a printed seed; `EDGESYNC_TEST_SEED` repeats them.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let given = std::env::var("EDGESYNC_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = given.unwrap_or_else(|| cell::now().as_us() as u64 | 1);
        println!("EDGESYNC_TEST_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

struct Run {
    server: Server,
    flows: Vec<FlowId>,
    /// By flow: the first value whose mean it is to show since the server started.
    from: Vec<usize>,
    stalled: Vec<usize>,
}

impl Run {
    fn moving(&self) -> Vec<usize> {
        (0..=CELLS).filter(|at| !self.stalled.contains(at)).collect()
    }

    async fn go_on(&mut self) {
        self.stalled.drain(..).for_each(|at| self.server.cell(at).stall(false));
        self.server.done(&self.moving()).await;
    }

    /// What each flow showed since the start is what comes after its place, without a gap, as far as its cell got.
    async fn check(&mut self, step: usize) {
        let all = means(0..self.server.sent);
        for (flow, from) in self.flows.clone().into_iter().zip(self.from.clone()) {
            let frontier = self.server.cell(self.server.runs_on(flow)).status().frontier.0 as usize;
            let what = format!("in step {step}, from {from} to {frontier} of {}", self.server.sent);
            self.server.shows(flow, &all[from.min(frontier)..frontier.max(from)], &what).await;
        }
    }

    async fn kill(&mut self, step: usize) {
        self.server.done(&self.moving()).await;
        self.check(step).await;
        self.server.killed().await;
        for (at, flow) in self.flows.iter().enumerate() {
            let (place, saved) = (self.server.place(*flow).await, self.server.saved(*flow).await);
            self.from[at] = place.put_out.next.max(saved.unwrap_or_default()).0 as usize;
        }
        self.stalled.clear();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_cells_and_the_server_every_mean_is_right_and_shown() {
    let mut random = Random::new();
    let mut server = Server::start(CELLS).await;
    let mut flows = Vec::new();
    for _ in 0..FLOWS {
        flows.push(server.average().await);
    }
    server.send(1).await;
    server.done(&[0, 1, 2]).await;
    server.flows().shared.states.save_last(&server.flows().shared.cells, states::soon()).await;
    let mut run = Run { server, from: vec![0; flows.len()], flows, stalled: Vec::new() };
    for step in 0..STEPS {
        match random.below(12) {
            0..=4 => run.server.send(1 + random.below(4)).await,
            5 if run.stalled.is_empty() => {
                let at = random.below(CELLS + 1);
                run.server.done(&[0, 1, 2]).await;
                run.server.stalled(at).await;
                run.stalled.push(at);
            }
            6 => run.go_on().await,
            7 | 8 => {
                run.kill(step).await;
                run.server = run.server.started().await;
            }
            9 if run.stalled.is_empty() => {
                let shared = &run.server.flows().shared;
                shared.states.save_last(&shared.cells, states::soon()).await;
            }
            10 if run.stalled.is_empty() => {
                let (flow, to) = (run.flows[random.below(FLOWS)], random.below(CELLS + 1));
                let handle = run.server.flows().clone();
                // while a condemned cell's flows are carried over, one that is not there yet does not move
                eventually("it moves", async || {
                    let is_there = run.server.runs_on(flow) == to || handle.moved(flow, to).await;
                    if is_there { Ok(()) } else { Err(String::new()) }
                })
                .await;
            }
            11 if run.stalled.is_empty() => {
                let at = random.below(CELLS + 1);
                run.server.done(&[0, 1, 2]).await;
                let replaced = run.server.cell(at).status().replaced;
                run.server.cell(at).condemn();
                run.server.send(1).await;
                eventually("the cell is replaced", async || match run.server.cell(at).status() {
                    status if status.replaced > replaced && !status.condemned => Ok(()),
                    status => Err(format!("{status:?}")),
                })
                .await;
            }
            _ => {}
        }
    }
    run.go_on().await;
    run.server.send(1).await;
    run.server.done(&[0, 1, 2]).await;
    run.check(STEPS).await;
}
