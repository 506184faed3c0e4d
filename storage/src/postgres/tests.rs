//! Getting to a real database, and back to it.

use std::time::Duration;

use edgesync_test_postgres::{Cluster, Options};

use super::pool::Pool;
use super::{Error, Server, Session, Target, health};

fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

/// The URL of another database, which need not be there.
fn elsewhere(cluster: &Cluster, database: &str) -> String {
    let url = cluster.url();
    format!("{}/{database}", url.rsplit_once('/').unwrap().0)
}

/// Everything that an operator would be shown.
fn told(error: &Error) -> String {
    format!("{}: {error:?}", health::chain(error))
}

const SECRET: &str = "postgres://ada:s3cr3t@db.example.org,10.0.0.7:5433/edgesync?connect_timeout=3";

#[test]
fn a_url_shows_everything_but_its_password() {
    let target = target(SECRET);
    assert_eq!(target.to_string(), "postgres://ada@db.example.org:5432,10.0.0.7:5433/edgesync");
    assert!(!format!("{target:?} {target}").contains("s3cr3t"));
    assert_eq!(target.config.get_password(), Some(&b"s3cr3t"[..]));
}

#[test]
fn every_problem_of_a_url_is_named_and_no_secret_is() {
    let secret = "s3cr3t";
    for (url, problems) in [
        ("mysql://ada:s3cr3t@h/d", vec!["begin with postgres://"]),
        ("postgres:///d", vec!["no host"]),
        ("postgres://ada:s3@cr3t@h/d", vec!["%40"]),
        ("postgres://ada:s3?cr3t=x@h/d", vec!["%3F"]),
        ("postgres://ada:s3cr3t@h:x/d", vec!["port"]),
        ("postgres://ada:s3cr3t@h/d?sslmod=require", vec!["\"sslmod\""]),
        (
            "postgres://ada:s3cr3t@h/d?sslmode=prefer&colour=red&connect_timeout=soon",
            vec!["\"colour\"", "connect_timeout", "sslmode=prefer"],
        ),
        ("postgres://ada:s3cr3t@h/d?sslmode=disable&sslrootcert=/ca.pem", vec!["sslrootcert"]),
        ("postgres://ada:s3cr3t@%2Frun%2Fpg/d?sslmode=require", vec!["Unix socket"]),
        ("postgres://ada:s3cr3t@h/d?sslmode=require&sslmode=disable", vec!["twice"]),
        ("postgres://ada:s3cr3t@h/d?target_session_attrs=read-only", vec!["target_session_attrs=read-only"]),
        ("postgres://ada:s3cr3t@h,i/d?port=1,2,3", vec!["one for each host"]),
    ] {
        let found = Target::parse(url).unwrap_err();
        assert_eq!(found.len(), problems.len(), "{url}: {found:?}");
        for (found, named) in found.iter().zip(problems) {
            assert!(found.contains(named), "{url}: {found}");
            assert!(!found.contains(secret) && !found.contains("s3") && !found.contains("cr3t"), "{found}");
        }
    }
}

#[test]
fn tls_is_on_and_verified_but_for_this_machine() {
    use super::target::Tls;
    let verified = |file: Option<&str>| Tls::Verified { authorities: file.map(Into::into) };
    for (url, tls) in [
        ("postgres://h/d", verified(None)),
        ("postgres://h/d?sslmode=require", verified(None)),
        ("postgres://h/d?sslmode=verify-full&sslrootcert=%2Fa%20b.pem", verified(Some("/a b.pem"))),
        ("postgres://127.0.0.1,h/d", verified(None)),
        ("postgres://localhost/d?sslrootcert=/ca.pem", verified(Some("/ca.pem"))),
        ("postgres://localhost/d", Tls::Off),
        ("postgres://127.0.0.9,[::1]/d", Tls::Off),
        ("postgres://%2Frun%2Fpostgresql/d", Tls::Off),
        ("postgres://h/d?sslmode=disable", Tls::Off),
        ("postgres://h/d?sslmode=no-verify", Tls::Unverified),
    ] {
        assert_eq!(target(url).tls, tls, "{url}");
    }
}

#[tokio::test]
async fn a_server_is_reached_by_tcp_and_by_its_socket() {
    let cluster = Options::new().unsynced().start();
    for url in [cluster.url(), cluster.socket_url()] {
        let server = Server::open(&target(&url)).await.unwrap();
        let (client, _task) = server.connect(Session::UNBOUNDED).await.unwrap();
        let row = client
            .query_one("SELECT current_database(), current_setting('application_name')", &[])
            .await
            .unwrap();
        assert_eq!((row.get(0), row.get(1)), ("edgesync", "edgesync"));
    }
}

#[tokio::test]
async fn what_a_connection_commits_is_synced_whatever_the_database_is_set_to() {
    let cluster = Options::new().unsynced().set("synchronous_commit", "off").start();
    let server = Server::open(&target(&cluster.url())).await.unwrap();
    let session = Session {
        statement: Duration::from_secs(7),
        lock: Duration::from_millis(1500),
        idle_in_transaction: Duration::from_secs(9),
        settings: "SET plan_cache_mode = force_custom_plan",
    };
    let client = Pool::new(&server, session, 1).get().await.unwrap();
    for (name, value) in [
        ("synchronous_commit", "on"),
        ("statement_timeout", "7s"),
        ("lock_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "9s"),
        ("tcp_user_timeout", "18000"),
        ("plan_cache_mode", "force_custom_plan"),
    ] {
        let row = client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), value, "{name}");
    }
    cluster.psql("ALTER ROLE edgesync SET synchronous_commit = remote_apply");
    let (client, _task) = server.connect(session).await.unwrap();
    let row = client.query_one("SHOW synchronous_commit", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "remote_apply");
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_are_said_at_once() {
    let cluster = Options::new().unsynced().start();
    for (url, why) in [
        (cluster.url().replace("p%40ss", "s3cr3t"), "password authentication failed for user \"edgesync\""),
        (elsewhere(&cluster, "nowhere"), "database \"nowhere\" does not exist"),
    ] {
        let error = Server::open(&target(&url)).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        assert!(told(&error).contains(why), "{}", told(&error));
        assert!(!told(&error).contains("s3cr3t") && !told(&error).contains("p%40ss"), "{}", told(&error));
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let cluster = Options::new().unsynced().tls().start();
    let (url, file) = (cluster.url(), cluster.certificate());
    let ssl = async |url: String| {
        let server = Server::open(&target(&url)).await?;
        let (client, _task) = server.connect(Session::UNBOUNDED).await?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok::<bool, Error>(client.query_one(sql, &[]).await.unwrap().get(0))
    };
    let refused = ssl(format!("{url}?sslmode=require")).await.unwrap_err();
    // By the system's authorities, or because it has none: either way it is not taken.
    assert!(matches!(refused, Error::Refused { .. } | Error::Certificates(_)), "{refused:?}");
    let trusted = format!("{url}?sslrootcert={}", file.display());
    assert!(ssl(trusted.clone()).await.unwrap());
    assert!(ssl(format!("{url}?sslmode=no-verify")).await.unwrap());
    assert!(!ssl(url.clone()).await.unwrap(), "this machine needs no TLS unless it is asked for");
    // 127.0.0.2 is this machine as well, but not whom the certificate is for.
    let other = trusted.replace("127.0.0.1", "elsewhere.example.org") + "&hostaddr=127.0.0.1";
    let refused = ssl(other).await.unwrap_err();
    assert!(told(&refused).contains("not valid for name"), "{}", told(&refused));
    let missing = ssl(format!("{url}?sslrootcert=/nowhere/ca.pem")).await.unwrap_err();
    assert!(told(&missing).contains("/nowhere/ca.pem"), "{}", told(&missing));
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_tls_is_asked_for() {
    let cluster = Options::new().unsynced().tls().start();
    let trusted = format!("{}?sslrootcert={}", cluster.url(), cluster.certificate().display());
    cluster.configure("ssl = off");
    cluster.stop_fast();
    cluster.start_again();
    let refused = Server::open(&target(&trusted)).await.unwrap_err();
    assert!(
        matches!(refused, Error::Refused { .. }) && told(&refused).contains("does not support TLS"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let cluster = Options::new().unsynced().start();
    cluster.psql("CREATE DATABASE latin OWNER edgesync ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let error = Server::open(&target(&elsewhere(&cluster, "latin"))).await.unwrap_err();
    assert!(matches!(error, Error::Encoding { found } if found == "LATIN1"));
}

#[tokio::test]
async fn the_address_that_takes_writes_is_found_among_several() {
    let cluster = Options::new().unsynced().start();
    let (host, port) = ("127.0.0.1", cluster.port());
    // A port that nobody listens on: the cluster's own lock keeps others away, and it is bound to another address.
    let several =
        cluster.url().replace(&format!("{host}:{port}"), &format!("127.0.0.3:{port},{host}:{port}"));
    let server = Server::open(&target(&several)).await.unwrap();
    cluster.psql("ALTER DATABASE edgesync SET default_transaction_read_only = on");
    let error = server.connect(Session::UNBOUNDED).await.unwrap_err();
    assert!(
        matches!(error, Error::Away { .. }) && told(&error).contains("does not allow writes"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_pool_finds_back_to_a_server_that_was_away() {
    let cluster = Cluster::start();
    let server = Server::open(&target(&cluster.url())).await.unwrap();
    let pool = Pool::new(&server, Session::UNBOUNDED, 2);
    pool.get().await.unwrap().batch_execute("CREATE TABLE a (x INT)").await.unwrap();
    cluster.stop_immediate();
    // A connection is lent until it is known to be broken, and then never again.
    while let Ok(client) = pool.get().await {
        client.batch_execute("SELECT 1").await.unwrap_err();
    }
    for _ in 0..50 {
        let error = pool.get().await.unwrap_err();
        assert!(matches!(error, Error::Away { .. }), "{error:?}");
    }
    let stats = server.stats();
    assert!(stats.away && (1..=10).contains(&stats.failed), "the attempts are spaced: {stats:?}");
    cluster.start_again();
    let client = eventually(&pool).await;
    client.batch_execute("INSERT INTO a VALUES (1)").await.unwrap();
    let stats = server.stats();
    assert!(!stats.away && stats.lost >= 1, "{stats:?}");
}

#[tokio::test]
async fn a_pool_is_bounded_and_says_so() {
    let cluster = Options::new().unsynced().start();
    let server = Server::open(&target(&cluster.url())).await.unwrap();
    let pool = Pool::new(&server, Session::UNBOUNDED, 1);
    let held = pool.get().await.unwrap();
    assert!(matches!(pool.get().await.unwrap_err(), Error::Busy));
    drop(held);
    drop(pool.get().await.unwrap());
}

/// A connection, as soon as the backoff lets one be tried.
async fn eventually(pool: &Pool) -> deadpool_postgres::Object {
    let began = std::time::Instant::now();
    loop {
        match pool.get().await {
            Ok(client) => return client,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{}", told(&error)),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
