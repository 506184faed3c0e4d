//! Saving and starting many flows on several cells, against a plain model: the mean of all values so far, each shown once.

use edgesync_engine::cell::command::{Begin, Outcome};

use super::saves_stage::{Server, means};
use super::*;
use crate::testing::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_only_flows_of_the_cell_that_lagged_go_back() {
    let mut server = Server::start(2).await;
    let (near, far) = (server.average().await, server.average().await);
    let (near_all, far_all) = (server.filter().await, server.filter().await);
    let slow = server.slowed().await;
    let places = [near, near_all, far, far_all, slow].map(|flow| server.runs_on(flow));
    assert_eq!(places, [0, 0, 1, 1, 2]);
    server.send(10).await;
    server.done(&[0, 1, 2]).await;
    let stood = server.stalled(1).await;
    let slow_stood = server.stalled(2).await;
    server.send(20).await;
    server.done(&[0]).await;
    server.placed(near, server.stage.log.end()).await;
    server.placed(far, Offset(stood as u64)).await;
    server.placed(slow, Offset(slow_stood as u64)).await;
    let n = server.sent;
    let (mean_of, values) = (means(0..n + 5), |range: std::ops::Range<usize>| -> Vec<f64> {
        range.map(|value| value as f64).collect()
    });
    server.shows(near, &mean_of[..n], "near before").await;
    server.shows(far, &mean_of[..stood], "far before").await;
    server.shows(slow, &mean_of[..slow_stood], "slow before").await;

    let mut server = server.killed_and_started().await;
    let places = [near, near_all, far, far_all, slow].map(|flow| server.runs_on(flow));
    assert_eq!(places, [0, 0, 1, 1, 2], "where they ran");
    assert_eq!(server.stage.becomes(slow, "slowed").await["reason"], "too much");
    server.send(5).await;
    server.done(&[0, 1, 2]).await;
    server.shows(near, &mean_of[n..], "near after: nothing again").await;
    server.shows(near_all, &values(n..n + 5), "near after, what remembers nothing").await;
    server.shows(far, &mean_of[stood..], "far after: from where it stood").await;
    server.shows(far_all, &values(stood..n + 5), "far after, what remembers nothing").await;
    server.shows(slow, &mean_of[slow_stood..], "slow after").await;
    // what the cells were fed: the near one not the backlog of the others
    let fed = |flow| server.cell(0).counters(flow).unwrap().node("in").unwrap().snapshot().in_;
    assert_eq!(fed(near_all), 5);

    // and the other way down, and with another number of cells
    assert!(server.flows().shutdown(Duration::from_secs(10)).await);
    server.cells = 1;
    let mut server = server.killed_and_started().await;
    assert_eq!([near, far, far_all, slow].map(|flow| server.runs_on(flow)), [0, 0, 0, 1]);
    server.send(1).await;
    server.done(&[0, 1]).await;
    let last = means(0..server.sent).split_off(server.sent - 1);
    for flow in [near, far, slow] {
        server.shows(flow, &last, "on fewer cells").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lagging_cell_makes_no_other_read_its_backlog_at_a_start() {
    let mut server = Server::start(2).await;
    let (near, far) = (server.average().await, server.average().await);
    server.send(3).await;
    server.done(&[0, 1]).await;
    let stood = server.stalled(1).await as u64;
    server.send(30).await;
    server.done(&[0]).await;
    let end = server.stage.log.end();
    eventually("the near flow is saved", async || {
        let (place, saved) = (server.place(near).await, server.saved(near).await);
        if place.needed == Some(end) && saved == Some(end) {
            Ok(())
        } else {
            Err(format!("{place:?} {saved:?}"))
        }
    })
    .await;
    assert!(server.flows().cursor() <= Offset(stood), "the bookmark is where the far one stands");
    let server = server.killed_and_started().await;
    assert!(server.runs_on(far) == 1 && server.cell(0).status().frontier == end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_remember_go_on_after_readings_that_condemn_every_cell() {
    let mut server = Server::start(1).await;
    let (mean, all) = (server.average().await, server.filter().await);
    let other = server.slowed().await;
    server.send(10).await;
    server.done(&[0, 1]).await;
    eventually("it is saved", async || server.saved(mean).await.map(drop).ok_or_else(String::new)).await;
    // what was saved is older than what was done
    let poison = [server.sent + 5, server.sent + 8];
    poison.iter().for_each(|at| server.cell(0).poison(Offset(*at as u64)));
    server.send(5).await;
    server.done(&[0]).await;
    server.send(9).await;
    // three times for each, and none for what lies between or behind
    eventually("the readings are skipped", async || match server.cell(0).status() {
        status if status.skipped == 2 && status.replaced == 6 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.done(&[0, 1]).await;
    let without = |n: usize| (0..n).filter(move |value| !poison.contains(value));
    let values: Vec<f64> = without(server.sent).map(|value| value as f64).collect();
    server.shows(mean, &means(without(server.sent)), "states without the reading, each shown once").await;
    server.shows(all, &values, "what remembers nothing, each once").await;
    server.shows(other, &means(0..server.sent), "a flow of another cell").await;
    // condemned once more: it is neither fed nor skipped again
    server.cell(0).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(0).status() {
        status if status.replaced == 7 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(3).await;
    server.done(&[0, 1]).await;
    server.shows(mean, &means(without(server.sent)), "after another one").await;
    assert_eq!(server.cell(0).status().skipped, 2);
    server.shows(other, &means(0..server.sent), "a flow of another cell, after another one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_down_for_a_while_is_made_again() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(5).await;
    server.done(&[0]).await;
    server.placed(mean, server.stage.log.end()).await;
    // the bookmark follows in the same pass
    eventually("the bookmark is there", async || match server.flows().cursor() {
        cursor if cursor == server.stage.log.end() => Ok(()),
        cursor => Err(cursor.to_string()),
    })
    .await;
    let (saved, cursor) = (server.saved(mean).await, server.flows().cursor());
    server.flows().shared.states.fails.store(true, std::sync::atomic::Ordering::Relaxed);
    server.send(5).await;
    server.done(&[0]).await;
    // a pass that fails; nothing moves
    server.flows().shared.states.save_last(&server.flows().shared.cells, states::soon()).await;
    assert_eq!((server.saved(mean).await, server.flows().cursor()), (saved, cursor));
    server.cell(0).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(0).status() {
        status if status.replaced == 1 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(4).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..15), "over a condemned cell").await;
    let mut server = server.killed_and_started().await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..15)[5..], "what came since is put out again after a kill").await;
    server.send(1).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..16)[5..], "and the state is right").await;
    server.placed(mean, server.stage.log.end()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_came_from_another_cell_lacks_nothing_when_its_cell_is_condemned() {
    let mut server = Server::start(1).await;
    let slow = server.slowed().await;
    let mean = server.average().await;
    server.send(4).await;
    server.done(&[0, 1]).await;
    // saved, and then not again for a while
    server.flows().shared.states.save_last(&server.flows().shared.cells, states::soon()).await;
    assert_eq!(server.saved(mean).await, Some(Offset(4)));
    server.send(4).await;
    server.done(&[0, 1]).await;
    server.placed(slow, server.stage.log.end()).await;
    let flows = server.flows().clone();
    let _paused = flows.shared.states.pause().await;
    // where it goes, nothing from before is needed
    server.cell(1).needs(server.stage.log.end());
    assert!(server.flows().moved(mean, 1).await);
    server.cell(1).condemn();
    server.send(1).await;
    eventually("the cell is replaced", async || match server.cell(1).status() {
        status if status.replaced == 1 => Ok(()),
        status => Err(format!("{status:?}")),
    })
    .await;
    server.send(1).await;
    server.done(&[1]).await;
    server.shows(mean, &means(0..server.sent), "it is fed what came since it was saved").await;
    assert_eq!(server.stage.becomes(slow, "slowed").await["reason"], "too much");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_no_cell() {
    let mut server = Server::start(1).await;
    let stuck = server.average().await;
    server.cell(0).stall(true);
    server.send(2).await;
    let asked = server.flows().clone();
    let pass =
        tokio::spawn(async move { asked.shared.states.save_last(&asked.shared.cells, states::soon()).await });
    eventually("the cell is asked", async || {
        match server.cell(0).is_saving() {
            true => Ok(()),
            false => Err("not yet"),
        }
        .map_err(str::to_owned)
    })
    .await;
    // it is not answered for five seconds
    let stopped = tokio::time::timeout(Duration::from_secs(2), server.flows().stop(stuck)).await;
    assert!(stopped.expect("stop waits").unwrap());
    assert!(!pass.is_finished());
    server.cell(0).stall(false);
    pass.await.unwrap();
    assert_eq!(server.saved(stuck).await, None, "what was saved meanwhile is not kept");
}

/// A flow is on no cell from here on; what it remembers.
async fn taken_out(server: &Server, flow: FlowId) -> edgesync_engine::Saved {
    let (cell, states) = (server.cell(0), &server.flows().shared.states);
    let counters = cell.counters(flow).unwrap();
    states.leaves(cell, flow);
    let saved = cell.take_out(flow, states::soon()).await.unwrap().unwrap();
    states.taken(flow, &counters, &saved);
    saved
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_saved_while_a_flow_moves_and_it_goes_on_after_a_kill_where_it_was_taken_out() {
    let mut server = Server::start(1).await;
    let (mean, other, all) = (server.average().await, server.average().await, server.filter().await);
    server.send(3).await;
    server.done(&[0, 1]).await;
    server.placed(mean, Offset(3)).await;
    let states = server.flows().shared.states.clone();
    let _turn = states.moving.lock().await;
    server.send(2).await;
    server.done(&[0, 1]).await;
    taken_out(&server, mean).await;
    server.send(4).await;
    server.done(&[0, 1]).await;
    server.shows(other, &means(0..9), "the other before").await;
    for flow in [other, all] {
        server.placed(flow, Offset(9)).await;
    }
    let place = server.place(mean).await;
    assert_eq!((place.cell, place.put_out.next), (Some(0), Offset(5)));
    let cursor = server.flows().cursor();
    assert!(cursor <= Offset(5), "what it has not seen is kept: {cursor}");
    let mut server = server.killed_and_started().await;
    server.send(1).await;
    server.done(&[0, 1]).await;
    server.shows(mean, &means(0..10)[5..], "what it had not seen").await;
    server.shows(other, &means(0..10)[9..], "nothing again").await;
    server.shows(all, &[9.0], "nothing again of what remembers nothing").await;
    // where it came to it is written down as all are
    let states = server.flows().shared.states.clone();
    assert!(server.flows().moved(mean, 1).await);
    states.save_last(&server.flows().shared.cells, states::soon()).await;
    states.save_last(&server.flows().shared.cells, states::soon()).await;
    let place = server.place(mean).await;
    assert_eq!((place.cell, place.put_out.next), (Some(1), Offset(10)));
    assert_eq!((states.on_their_way(), server.flows().cursor()), (0, Offset(10)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_waits_for_a_flow_that_moves() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(3).await;
    server.done(&[0]).await;
    let flows = server.flows().clone();
    let states = flows.shared.states.clone();
    let turn = states.moving.lock().await;
    let installed = server.cell(0).installed(mean).unwrap();
    let counters = server.cell(0).counters(mean).unwrap();
    let saved = taken_out(&server, mean).await;
    let down = flows.clone();
    let mut down = tokio::spawn(async move { down.shutdown(Duration::from_secs(20)).await });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut down).await;
    assert!(early.is_err(), "it has ended without the flow");
    let version = Version { flow: mean, installed };
    states.comes_to(server.cell(1), mean);
    let begin = Begin::Moved(Box::new(saved), counters);
    let put = flows.put_at(version, begin, Some(1)).await.unwrap();
    assert!(matches!(put.outcome, Outcome::Installed(_)), "{put:?}");
    states.came(mean, 1);
    drop(turn);
    assert!(down.await.unwrap());
    assert_eq!(server.saved(mean).await, Some(Offset(3)));
    assert_eq!((server.place(mean).await.cell, server.flows().cursor()), (Some(1), Offset(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_moves_for_too_long_is_lost_by_no_shutdown() {
    let mut server = Server::start(1).await;
    let (mean, other) = (server.average().await, server.average().await);
    server.send(3).await;
    server.done(&[0]).await;
    server.placed(mean, Offset(3)).await;
    let flows = server.flows().clone();
    {
        let _turn = flows.shared.states.moving.lock().await;
        server.send(3).await;
        server.done(&[0]).await;
        taken_out(&server, mean).await;
        let _ = flows.shutdown(Duration::from_secs(2)).await;
    }
    assert_eq!(server.saved(other).await, Some(Offset(6)));
    let mut server = server.killed_and_started().await;
    server.send(1).await;
    server.done(&[0]).await;
    server.shows(mean, &means(0..7)[6..], "what came after it was taken out").await;
    server.shows(other, &means(0..7)[6..], "what came after it was saved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_of_flows_that_run_no_more_are_forgotten_at_a_start() {
    let mut server = Server::start(1).await;
    let mean = server.average().await;
    server.send(1).await;
    server.done(&[0]).await;
    eventually("it is saved", async || server.saved(mean).await.map(drop).ok_or_else(String::new)).await;
    let gone = server.stage.flow().await;
    server.stage.log.save_states(vec![(gone, Some(vec![1]))], true).await.unwrap();
    let server = server.killed_and_started().await;
    assert_eq!(server.stage.log.state(gone).await.unwrap(), None);
    assert!(server.saved(mean).await.is_some());
}
