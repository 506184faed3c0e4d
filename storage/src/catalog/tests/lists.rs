use std::collections::HashSet;

use edgesync_schemas::entity::flow::{FlowInput, FlowSummary};
use edgesync_schemas::id::FlowId;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::catalog::{FlowFilter, Order, Slice, SortKey};

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Meanwhile {
    Make(String),
    Remove(prop::sample::Index),
}

fn name() -> impl Strategy<Value = String> {
    // few letters, so that names are equal often; and such as sort unlike in byte order
    prop::collection::vec(prop::sample::select(vec!['a', 'B', 'ä', '工', '~']), 1..4)
        .prop_map(String::from_iter)
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![name().prop_map(Meanwhile::Make), any::<prop::sample::Index>().prop_map(Meanwhile::Remove)]
}

fn orders() -> impl Strategy<Value = Order> {
    let keys = vec![SortKey::Id, SortKey::Name, SortKey::CreatedAt, SortKey::UpdatedAt];
    (prop::sample::select(keys), any::<bool>()).prop_map(|(key, descending)| Order { key, descending })
}

async fn make(f: &Fixture, user: UserId, name: &str) -> FlowId {
    f.catalog.create_flow(user, input(FlowInput::read, json!({"name": name}))).await.unwrap().id
}

/// Where an entry stands in the order.
fn place(order: Order, flow: &FlowSummary) -> (String, i64, FlowId) {
    match order.key {
        SortKey::Name => (flow.name.clone(), 0, flow.id),
        SortKey::CreatedAt => (String::new(), flow.created_at.as_us(), flow.id),
        SortKey::UpdatedAt => (String::new(), flow.updated_at.as_us(), flow.id),
        SortKey::Id | SortKey::LastSeen | SortKey::JoinedAt => (String::new(), 0, flow.id),
    }
}

#[test]
fn pages_hold_each_entry_once_whatever_is_made_and_removed_between_them() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let f = runtime.block_on(async { fixture() });
    let users = std::cell::Cell::new(0);
    let cases = (
        prop::collection::vec(name(), 0..12),
        prop::collection::vec(meanwhile(), 0..12),
        orders(),
        1..5usize,
    );
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&cases, |(names, between, order, limit)| {
        users.set(users.get() + 1);
        runtime.block_on(async {
            let user = f.sign_up(&format!("ada{}@example.org", users.get())).await.user.id;
            let mut there = Vec::new();
            for name in &names {
                there.push(make(&f, user, name).await);
            }
            let (first, mut all) = (there.clone(), there);
            let (mut seen, mut between) = (Vec::new(), between.into_iter());
            let mut slice = Slice { order, ..Slice::first(limit) };
            loop {
                let page = f.catalog.flows(user, FlowFilter::default(), slice.clone()).await.unwrap();
                assert!(page.items.len() <= limit);
                seen.extend(page.items);
                if page.next.is_none() {
                    break;
                }
                slice.after = page.next;
                match between.next() {
                    Some(Meanwhile::Make(name)) => all.push(make(&f, user, &name).await),
                    Some(Meanwhile::Remove(which)) if !all.is_empty() => {
                        let id = all.swap_remove(which.index(all.len()));
                        f.catalog.delete_flow(user, id, None).await.unwrap();
                    }
                    Some(Meanwhile::Remove(_)) | None => {}
                }
            }
            let places: Vec<_> = seen.iter().map(|flow| place(order, flow)).collect();
            let ascends = |pair: &[_]| if order.descending { pair[0] > pair[1] } else { pair[0] < pair[1] };
            prop_assert!(places.windows(2).all(ascends), "{:?}: {:?}", order, places);
            let seen: HashSet<_> = seen.iter().map(|flow| flow.id).collect();
            let kept = first.iter().filter(|id| all.contains(id));
            prop_assert!(kept.clone().all(|id| seen.contains(id)), "{:?}: {:?} of {:?}", order, seen, first);
            Ok(())
        })
    });
    checked.unwrap();
}
