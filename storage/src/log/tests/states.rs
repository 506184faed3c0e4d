//! What flows remember. On both stores.

use edgesync_schemas::id::FlowId;
use uuid::Uuid;

use super::*;

on_both_stores!(
    states_are_saved_together_replaced_and_forgotten,
    a_state_outlives_a_restart_and_a_large_one_comes_back_whole,
);

fn flow(n: u128) -> FlowId {
    FlowId::from_uuid(Uuid::from_u128(n))
}

async fn states_are_saved_together_replaced_and_forgotten(place: Place) {
    let bench = place.open(small());
    assert_eq!(bench.log.state(flow(1)).await.unwrap(), None);
    let both = vec![(flow(1), Some(vec![1, 2])), (flow(2), Some(vec![3]))];
    bench.log.save_states(both, false).await.unwrap();
    assert_eq!(bench.log.states().await.unwrap(), [flow(1), flow(2)]);
    let next = vec![(flow(1), Some(vec![])), (flow(2), None), (flow(3), None)];
    bench.log.save_states(next, true).await.unwrap();
    assert_eq!(bench.log.state(flow(1)).await.unwrap(), Some(vec![]));
    assert_eq!(bench.log.state(flow(2)).await.unwrap(), None);
    bench.log.save_states(Vec::new(), true).await.unwrap();
    assert_eq!(bench.log.states().await.unwrap(), [flow(1)]);
}

async fn a_state_outlives_a_restart_and_a_large_one_comes_back_whole(place: Place) {
    let bench = place.open(small());
    let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    bench.log.save_states(vec![(flow(1), Some(large.clone()))], true).await.unwrap();
    bench.log.save_states(vec![(flow(2), Some(vec![7]))], false).await.unwrap();
    drop(bench);
    let bench = place.open(small());
    assert_eq!(bench.log.state(flow(1)).await.unwrap(), Some(large));
    assert_eq!(bench.log.state(flow(2)).await.unwrap(), Some(vec![7]));
}
