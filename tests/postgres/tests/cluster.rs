//! The clusters that other tests rest on.

use std::net::TcpStream;

use edgesync_test_postgres::{Cluster, Options};

#[test]
fn what_was_committed_survives_an_immediate_stop_and_a_restart() {
    let cluster = Cluster::start();
    assert_eq!(cluster.psql("SHOW fsync"), "on");
    cluster.psql("CREATE TABLE a (x INT); INSERT INTO a VALUES (1), (2)");
    cluster.stop_immediate();
    assert!(TcpStream::connect(("127.0.0.1", cluster.port())).is_err());
    cluster.start_again();
    assert_eq!(cluster.psql("SELECT x FROM a ORDER BY x"), "1\n2");
    assert!(cluster.log().contains("database system was not properly shut down"), "{}", cluster.log());
    cluster.stop_fast();
    cluster.start_again();
    assert_eq!(cluster.psql("SELECT count(*) FROM a"), "2");
}

#[test]
fn a_dropped_cluster_leaves_neither_process_nor_files() {
    let cluster = Options::new().unsynced().set("max_connections", "7").start();
    assert_eq!(cluster.psql("SHOW fsync; SHOW max_connections"), "off\n7");
    let (data, port) = (cluster.data(), cluster.port());
    drop(cluster);
    assert!(!data.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_cluster_ends_with_a_test_that_panics() {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    let panicked = std::thread::spawn(move || {
        let cluster = Options::new().unsynced().start();
        send.send((cluster.data(), cluster.port())).unwrap();
        panic!("as a failing test does");
    });
    let (data, port) = receive.recv().unwrap();
    assert!(panicked.join().is_err());
    assert!(!data.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn passwords_are_checked_and_the_role_is_no_superuser() {
    let cluster = Options::new().unsynced().start();
    let ask = |url: &str| cluster.psql_at(url, "SELECT usesuper FROM pg_user WHERE usename = user");
    let other = cluster.database("other");
    for url in [cluster.url(), cluster.socket_url(), other] {
        assert_eq!(ask(&url).as_deref(), Ok("f"), "{url}");
        let refused = ask(&url.replace("p%40ss", "wrong")).unwrap_err();
        assert!(refused.contains("password authentication failed"), "{refused}");
    }
}

#[test]
fn two_clusters_run_side_by_side() {
    let (first, second) = (Options::new().unsynced().start(), Options::new().unsynced().start());
    assert_ne!(first.port(), second.port());
    first.psql("CREATE TABLE a (x INT)");
    assert_eq!(second.psql("SELECT to_regclass('a') IS NULL"), "t");
}
