//! A dictionary of derived series of which something cannot be read. On both stores.

use edgesync_schemas::id::FlowId;
use uuid::Uuid;

use super::super::{Derived, DerivedOf, DerivedQuery, DerivedRow, check};
use super::check::Silent;
use super::*;
use crate::check::Report;

on_both_stores!(
    an_entry_that_cannot_be_read_keeps_no_row_of_others_from_being_stored_or_dropped,
    a_number_that_cannot_be_read_is_not_given_out_again,
);

fn row(of_flow: u128, name: &str, s: i64) -> Derived {
    let of = DerivedOf { name: name.parse().unwrap(), device: None, sensor: None };
    let (timestamp, offset, quality) = (at(s), Offset(0), Quality::GOOD);
    let row = DerivedRow { timestamp, offset, num: s as f64, raw: None, unit: None, quality };
    Derived { flow: flow(of_flow), of, row }
}

fn flow(n: u128) -> FlowId {
    FlowId::from_uuid(Uuid::from_u128(n))
}

async fn put(bench: &Bench, rows: Vec<Derived>) {
    assert_eq!(bench.log.put_derived(&Arc::new(rows)).await.unwrap(), [0usize; 0]);
}

/// Makes the entry of a series one that cannot be read. The log has not read any by then.
fn damage(place: &Place, bench: &Bench, id: u32) {
    if place.is_database() {
        let sql = format!("UPDATE derived_series SET name = 'a b' WHERE id = {id}");
        place.cluster().psql_at(place.url(), &sql).unwrap();
    } else {
        let store = bench.log.embedded().store().unwrap();
        store.derived_series.insert(id.to_be_bytes(), [1, 2, 3]).unwrap();
    }
}

async fn rows(bench: &Bench, id: u32) -> usize {
    let (from, to) = (Timestamp::MIN, Timestamp::MAX);
    let query = DerivedQuery { series: id, from, to, order: Order::Ascending, limit: 100 };
    bench.log.derived_rows(query).await.unwrap().len()
}

async fn an_entry_that_cannot_be_read_keeps_no_row_of_others_from_being_stored_or_dropped(place: Place) {
    let bench = place.open(small());
    put(&bench, vec![row(1, "a", 0), row(1, "b", 0), row(2, "a", 0)]).await;
    drop(bench);
    let bench = place.open(small());
    damage(&place, &bench, 1);
    put(&bench, vec![row(1, "a", 1), row(2, "a", 1), row(3, "a", 1)]).await;
    let all = bench.log.all_derived_series().await.unwrap();
    let known: Vec<_> = all.iter().map(|one| (one.id, one.flow, one.of.name.as_str())).collect();
    assert_eq!(known, [(0, flow(1), "a"), (2, flow(2), "a"), (3, flow(3), "a")]);
    let mut old: Vec<_> = all.iter().map(|one| (one.id, Timestamp::MIN..at(1))).collect();
    assert_eq!(bench.log.expire_derived(&mut old).await.unwrap(), 2);
    for id in [0, 1, 2, 3] {
        assert_eq!(rows(&bench, id).await, 1, "series {id}; what cannot be told apart stays");
    }
    // also after a write that failed the dictionary is read so
    bench.log.shared.derived.writing().await.is_whole = false;
    put(&bench, vec![row(2, "a", 2)]).await;
    assert_eq!(rows(&bench, 2).await, 2);
    if !place.is_database() {
        drop(bench);
        let mut report = Report::default();
        check(place.directory(), &mut report, &mut Silent).unwrap();
        let says = |what: &str| report.problems.iter().any(|problem| problem.contains(what));
        assert!(says("derived series 1: ") && says("its series 1 is not known"), "{:?}", report.problems);
    }
}

async fn a_number_that_cannot_be_read_is_not_given_out_again(place: Place) {
    let bench = place.open(small());
    put(&bench, vec![row(1, "a", 0), row(1, "b", 0)]).await;
    drop(bench);
    let bench = place.open(small());
    damage(&place, &bench, 1);
    put(&bench, vec![row(1, "b", 5)]).await;
    let all = bench.log.derived_series(flow(1)).await.unwrap();
    assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((rows(&bench, 1).await, rows(&bench, 2).await), (1, 1));
}
