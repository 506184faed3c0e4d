//! Tests of a module once more on PostgreSQL: each on a database of its own, all of them in one cluster, since a cluster takes longer to
//! start than most tests take. So they are one test; it says which of them it is at.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;

thread_local! {
    /// Where the servers of this thread have their databases; on files, if nowhere.
    static CLUSTER: RefCell<Option<Arc<Cluster>>> = const { RefCell::new(None) };
}

/// The cluster that the tests of this thread share, if they do.
pub(super) fn cluster() -> Option<Arc<Cluster>> {
    CLUSTER.with_borrow(Clone::clone)
}

/// Runs `checks`, which with those that are `left_out` are all tests that `source` has.
pub(super) fn on_postgres(source: &str, checks: &[(&str, fn())], left_out: &[&str]) {
    let lines: Vec<_> = source.lines().collect();
    let tests = lines.windows(2).filter(|pair| pair[0].starts_with("#[tokio::test"));
    let names = tests.filter_map(|pair| pair[1].strip_prefix("async fn ")?.split('(').next());
    let listed = checks.iter().map(|(name, _)| *name).chain(left_out.iter().copied());
    assert_eq!(
        listed.collect::<BTreeSet<_>>(),
        names.collect(),
        "each test is listed at the end of its file"
    );
    let cluster = Arc::new(edgesync_test_postgres::Options::new().unsynced().start());
    for (name, check) in checks {
        println!("{name} on PostgreSQL");
        CLUSTER.set(Some(Arc::clone(&cluster)));
        check();
    }
    CLUSTER.set(None);
}

/// At the end of a file of tests: its name, all of its tests, and behind `but not` those that are about one store.
macro_rules! also_on_postgres {
    ($file:literal, [$($check:ident),* $(,)?] $(, but not [$($out:ident),* $(,)?])?) => {
        #[test]
        fn all_of_it_on_postgres() {
            let checks: &[(&str, fn())] = &[$((stringify!($check), $check)),*];
            super::both::on_postgres(include_str!($file), checks, &[$($(stringify!($out)),*)?]);
        }
    };
}
