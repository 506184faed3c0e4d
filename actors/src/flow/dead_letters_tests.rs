//! Letters on a real catalog: what is taken, what is left out, and what happens while nothing can be written.

use edgesync_schemas::entity::flow::FlowInput;
use edgesync_schemas::id::UserId;
use edgesync_storage::catalog::Slice;
use serde_json::json;

use super::*;
use crate::testing::{TempLog, eventually};

struct Stage {
    catalog: Catalog,
    file: std::path::PathBuf,
    user: UserId,
    letters: DeadLetters,
    _directory: tempfile::TempDir,
}

async fn stage() -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("catalog.db");
    let catalog = Catalog::open(&file).unwrap();
    let user = catalog.sign_up("a@example.org", "A", String::new()).await.unwrap().user.id;
    let log = TempLog::open();
    let letters = DeadLetters::start(catalog.clone(), log.series().clone());
    Stage { catalog, file, user, letters, _directory: directory }
}

impl Stage {
    async fn flow(&self) -> FlowId {
        let input = FlowInput::read(json!({"name": "f"})).unwrap();
        self.catalog.create_flow(self.user, input).await.unwrap().id
    }

    /// The nodes of the letters that were written and how many were skipped before each, the oldest first.
    async fn written(&self, flow: FlowId) -> Vec<(String, u64)> {
        let letters = self.catalog.dead_letters(self.user, flow, None, Slice::FIRST).await.unwrap().items;
        letters.into_iter().rev().map(|letter| (letter.node_id, letter.skipped)).collect()
    }

    async fn becomes(&self, flow: FlowId, count: usize) -> Vec<(String, u64)> {
        eventually("letters are written", async || {
            let written = self.written(flow).await;
            if written.len() == count { Ok(written) } else { Err(format!("{written:?}")) }
        })
        .await
    }

    fn count(&self, reason: LeftOut) -> u64 {
        self.letters.left_out()[reason as usize].1
    }
}

fn letter(flow: FlowId, node: &str) -> Letter {
    Letter {
        flow,
        version: 1,
        node: node.into(),
        source: Some((DeviceId::from_uuid(Uuid::now_v7()), "t".parse().unwrap())),
        timestamp: now(),
        offset: Offset(7),
        value: json!({"text": "x".repeat(2 * limit::DEAD_LETTER_VALUE_BYTES)}),
        code: "not_a_number",
        detail: "why".to_owned(),
    }
}

#[tokio::test]
async fn a_letter_is_written_within_a_second_or_so_and_a_whole_batch_at_once() {
    let stage = stage().await;
    let flow = stage.flow().await;
    stage.letters.give(letter(flow, "a"));
    stage.becomes(flow, 1).await;
    let kept =
        stage.catalog.dead_letters(stage.user, flow, None, Slice::FIRST).await.unwrap().items.remove(0);
    assert_eq!(
        (kept.offset, kept.code.as_str(), kept.sensor_type.as_deref()),
        (7, "not_a_number", Some("t"))
    );
    assert!(kept.is_cut && kept.device_id.is_some());
    assert_eq!(stage.letters.written(), 1);
    // The clock stands still, so no second passes: only a full batch is written.
    let flows: Vec<_> = {
        let mut flows = Vec::new();
        for _ in 0..limit::DEAD_LETTER_BATCH.div_ceil(limit::DEAD_LETTERS_PER_S as usize) {
            flows.push(stage.flow().await);
        }
        flows
    };
    tokio::time::pause();
    let mut given = 0;
    'all: for flow in &flows {
        for _ in 0..limit::DEAD_LETTERS_PER_S {
            stage.letters.give(letter(*flow, "b"));
            given += 1;
            if given == limit::DEAD_LETTER_BATCH {
                break 'all;
            }
        }
    }
    let begin = std::time::Instant::now();
    while stage.letters.written() < 1 + given as u64 {
        assert!(begin.elapsed().as_secs() < 20, "{} written", stage.letters.written());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_flood_of_one_flow_leaves_room_for_others_and_is_counted() {
    let stage = stage().await;
    let (loud, quiet) = (stage.flow().await, stage.flow().await);
    tokio::time::pause();
    for n in 0..10_000 {
        stage.letters.give(letter(loud, &n.to_string()));
    }
    stage.letters.give(letter(quiet, "q"));
    let taken = u64::from(limit::DEAD_LETTERS_PER_S);
    assert_eq!(stage.count(LeftOut::Rate), 10_000 - taken);
    tokio::time::resume();
    assert_eq!(stage.becomes(loud, taken as usize).await[0], ("0".to_owned(), 0));
    assert_eq!(stage.written(quiet).await, [("q".to_owned(), 0)]);
    // Its next turn says how many were left out before.
    eventually("its next second", async || {
        let before = stage.count(LeftOut::Rate);
        stage.letters.give(letter(loud, "next"));
        if stage.count(LeftOut::Rate) == before { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    let written = stage.becomes(loud, taken as usize + 1).await;
    let (node, skipped) = written.last().unwrap();
    assert_eq!((node.as_str(), *skipped), ("next", stage.count(LeftOut::Rate)));
}

#[tokio::test]
async fn while_nothing_can_be_written_letters_wait_and_what_does_not_fit_is_left_out() {
    let stage = stage().await;
    let (loud, quiet) = (stage.flow().await, stage.flow().await);
    // Another process holds the catalog's file: each attempt is answered as busy after a while.
    let holder = rusqlite::Connection::open(&stage.file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let most = limit::DEAD_LETTERS_WAITING;
    for n in 0..most + 3 {
        if n % limit::DEAD_LETTERS_PER_S == 0 {
            stage.letters.next_second();
        }
        stage.letters.give(letter(loud, &n.to_string()));
    }
    assert_eq!(stage.count(LeftOut::Waiting), 3);
    stage.letters.give(letter(quiet, "q"));
    eventually("a write is to be tried again", async || match stage.letters.shared.postponed.load(Relaxed) {
        0 => Err("none".to_owned()),
        _ => Ok(()),
    })
    .await;
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(stage.becomes(loud, most as usize).await.len(), most as usize);
    assert_eq!(stage.becomes(quiet, 1).await, [("q".to_owned(), 0)]);
    assert_eq!(stage.count(LeftOut::Refused), 0);
}

#[tokio::test]
async fn the_queue_has_an_end() {
    let stage = stage().await;
    // No await from here on: nothing is written meanwhile.
    let mut given = 0;
    while given < limit::DEAD_LETTER_QUEUE + 5 {
        let flow = FlowId::from_uuid(Uuid::now_v7());
        for _ in 0..limit::DEAD_LETTERS_PER_S {
            stage.letters.give(Letter { value: json!(1), ..letter(flow, "a") });
            given += 1;
        }
    }
    let over = (given - limit::DEAD_LETTER_QUEUE) as u64;
    assert_eq!(stage.count(LeftOut::Full), over);
    assert_eq!(stage.letters.waiting().queue.len(), limit::DEAD_LETTER_QUEUE);
}

#[tokio::test]
async fn a_batch_that_is_refused_is_counted_and_the_next_is_written() {
    let stage = stage().await;
    let flow = stage.flow().await;
    let disk = rusqlite::Connection::open(&stage.file).unwrap();
    disk.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON dead_letters BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .unwrap();
    stage.letters.give(letter(flow, "a"));
    eventually("it is refused", async || match stage.count(LeftOut::Refused) {
        1 => Ok(()),
        count => Err(count.to_string()),
    })
    .await;
    disk.execute_batch("DROP TRIGGER full").unwrap();
    stage.letters.give(letter(flow, "b"));
    assert_eq!(stage.becomes(flow, 1).await[0].0, "b");
}

#[tokio::test]
async fn what_waits_at_the_end_is_written() {
    let stage = stage().await;
    let flow = stage.flow().await;
    tokio::time::pause();
    for n in 0..3 {
        stage.letters.give(letter(flow, &n.to_string()));
    }
    stage.letters.finish().await;
    assert_eq!(stage.written(flow).await.len(), 3);
}
