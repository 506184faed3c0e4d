//! What a database in another process, on another machine, makes possible to go wrong.

use edgesync_schemas::entity::user::SubscriptionType;
use edgesync_test_postgres::{Lost, Options};

use super::*;
use crate::catalog::{DatabaseError, DeviceFilter, Slice, migrate};

/// A catalog on a cluster that keeps what it commits.
fn durable() -> (Fixture, Target) {
    let f = Fixture::at(Place::Server(Cluster::start()));
    let target = Target::parse(&f.cluster().url()).unwrap();
    (f, target)
}

impl Fixture {
    fn cluster(&self) -> &Cluster {
        match &self.place {
            Place::Server(cluster) => cluster,
            Place::File(_) => panic!("not on a server"),
        }
    }
}

/// Asks until the catalog is not busy any more.
async fn insist<T: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> Result<T, Error>) -> T {
    let began = std::time::Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(Error::Busy) => assert!(began.elapsed().as_secs() < 20, "the catalog stays busy"),
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_makes_the_catalog_busy_for_a_while() {
    let (f, _) = durable();
    let ada = f.sign_up("ada@example.org").await;
    f.device(&ada, "pump").await;
    for stop in [Cluster::stop_fast, Cluster::stop_immediate] {
        stop(f.cluster());
        // A connection may be lent that is not yet known to be broken: that is busy, too.
        for _ in 0..20 {
            assert!(matches!(f.catalog.ping().await, Err(Error::Busy)));
            let refused = f.catalog.create_device(ada.user.id, device(ada.organization.id, "fan")).await;
            assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
        }
        f.cluster().start_again();
        let devices =
            insist(async || f.catalog.devices(ada.user.id, DeviceFilter::default(), Slice::FIRST).await)
                .await;
        assert_eq!(devices.items.len(), 1);
    }
    f.device(&ada, "fan").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_before_an_immediate_stop_is_there_and_nothing_half() {
    let (f, _) = durable();
    let ada = f.sign_up("ada@example.org").await;
    f.catalog.set_plan("ada@example.org", SubscriptionType::Paid, 10_000).await.unwrap();
    let mut committed = 0;
    for round in 0..3 {
        let makers: Vec<_> = (0..4)
            .map(|maker| {
                let (catalog, organization) = (f.catalog.clone(), ada.organization.id);
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    for n in 0..10_000 {
                        let name = format!("{round}-{maker}-{n}");
                        match catalog.create_device(ada.user.id, device(organization, &name)).await {
                            Ok((device, _)) => made.push(device.id),
                            // The last one may be there; it is counted below, and was not acknowledged.
                            Err(Error::Busy | Error::OutcomeUnknown) => return made,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    panic!("the database never went away");
                })
            })
            .collect();
        // Some are made, then it is cut off in the middle of others.
        insist(async || {
            let sql = "SELECT count(*) FROM devices";
            let count: i64 = f.catalog.db.first(sql, vec![]).await?.unwrap().take()?;
            if count > committed + 20 { Ok(()) } else { Err(Error::Busy) }
        })
        .await;
        f.cluster().stop_immediate();
        let mut made = Vec::new();
        for maker in makers {
            made.extend(maker.await.unwrap());
        }
        assert!(made.len() >= 20, "{}", made.len());
        f.cluster().start_again();
        for id in made {
            assert!(
                insist(async || f.catalog.device(id).await).await.is_some(),
                "{id} was acknowledged and is gone"
            );
        }
        // The count and the devices were changed by one transaction each.
        let sql = "SELECT (SELECT count(*) FROM devices), p.devices_made FROM user_profiles p";
        let mut row = f.catalog.db.first(sql, vec![]).await.unwrap().unwrap();
        let (devices, counted): (i64, i64) = (row.take().unwrap(), row.take().unwrap());
        assert_eq!(devices, counted);
        committed = devices;
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing_behind_and_its_connection_is_used_again() {
    let (f, _) = durable();
    let ada = f.sign_up("ada@example.org").await;
    let backends =
        "SELECT string_agg(pid::TEXT, ',' ORDER BY pid) FROM pg_stat_activity WHERE usename = 'edgesync'";
    let before = f.cluster().psql(backends);
    for _ in 0..3 {
        let mut tx = f.catalog.db.begin().await.unwrap();
        tx.execute("DELETE FROM organization_members", vec![]).await.unwrap();
        drop(tx);
        // The next one starts after the end of the one before.
        f.catalog.db.begin().await.unwrap().commit().await.unwrap();
    }
    assert!(f.catalog.may_read(ada.user.id, ada.organization.id).await.unwrap());
    assert_eq!(f.cluster().psql(backends).split(',').count(), before.split(',').count());
}

#[tokio::test]
async fn a_transaction_that_pauses_for_too_long_is_ended_and_the_next_goes_on() {
    let (f, _) = durable();
    let tx = f.catalog.db.begin().await.unwrap();
    // Ended by the database, as after limit::TRANSACTION_IDLE_MS.
    f.cluster()
        .psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
    // It may notice before it asks, or ask and hear nothing but the end.
    assert!(matches!(tx.commit().await, Err(Error::Busy | Error::OutcomeUnknown)));
    insist(async || f.catalog.db.begin().await?.commit().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_connection_is_lost_is_told_from_one_that_was_not_asked_for() {
    let (f, _) = durable();
    let ada = f.sign_up("ada@example.org").await;
    let proxy = f.cluster().proxy();
    let target = Target::parse(&proxy.url()).unwrap();
    let catalog = Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.unwrap();
    for (lost, is_done) in [(Lost::Answer, true), (Lost::Question, false)] {
        proxy.lose(0, lost);
        let made =
            catalog.create_device(ada.user.id, device(ada.organization.id, &format!("{lost:?}"))).await;
        assert!(matches!(made, Err(Error::OutcomeUnknown)), "{lost:?}: {made:?}");
        assert!(proxy.has_lost());
        // The next change waits for the end of the lost one, whatever it is.
        insist(async || catalog.db.begin().await?.commit().await).await;
        let there =
            f.catalog.devices(ada.user.id, DeviceFilter::default(), Slice::FIRST).await.unwrap().items;
        assert_eq!(there.iter().any(|device| device.name == format!("{lost:?}")), is_done);
    }
}

#[tokio::test]
async fn a_change_waits_for_that_of_another_server_and_sees_it() {
    let (f, _) = durable();
    let ada = f.sign_up("ada@example.org").await;
    let mut tx = f.catalog.db.begin().await.unwrap();
    tx.execute("UPDATE user_profiles SET device_limit = $1", vec![0_i64.into()]).await.unwrap();
    let (other, input) = (f.place.open(), device(ada.organization.id, "pump"));
    let change = tokio::spawn(async move { other.create_device(ada.user.id, input).await });
    insist(async || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        if f.cluster().psql(waiting) == "1" { Ok(()) } else { Err(Error::Busy) }
    })
    .await;
    tx.commit().await.unwrap();
    let refused = change.await.unwrap();
    assert!(matches!(refused, Err(Error::LimitReached { limit: 0, .. })), "{refused:?}");
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once() {
    let cluster = Options::new().unsynced().start();
    let target = Target::parse(&cluster.url()).unwrap();
    let opened = (0..4).map(|_| {
        let target = target.clone();
        tokio::spawn(
            async move { Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.map(drop) },
        )
    });
    for opened in opened.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
    let versions = cluster.psql("SELECT count(*), max(version) FROM schema_migrations");
    assert_eq!(versions, format!("{0}|{0}", migrate::POSTGRES.len()));
}

#[tokio::test]
async fn a_newer_and_an_altered_schema_are_refused() {
    let cluster = Options::new().unsynced().start();
    let target = Target::parse(&cluster.url()).unwrap();
    let open = async || Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.map(drop);
    open().await.unwrap();
    cluster.psql("INSERT INTO schema_migrations VALUES (1000, 'later', '', now())");
    let known = u32::try_from(migrate::POSTGRES.len()).unwrap();
    assert!(matches!(open().await, Err(Error::SchemaNewer { found: 1000, known: k }) if k == known));
    cluster.psql("DELETE FROM schema_migrations WHERE version = 1000; UPDATE schema_migrations SET checksum = 'x' WHERE version = 2");
    assert!(matches!(open().await, Err(Error::SchemaAltered { version: 2 })));
}

#[tokio::test]
async fn rights_that_are_missing_are_an_error_with_its_reason() {
    let cluster = Options::new().unsynced().start();
    cluster.psql("ALTER DATABASE edgesync OWNER TO postgres; ALTER SCHEMA public OWNER TO postgres");
    let target = Target::parse(&cluster.url()).unwrap();
    let refused = Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.unwrap_err();
    let Error::Database(DatabaseError::Postgres(said)) = refused else { panic!("{refused:?}") };
    assert!(
        said.as_db_error().unwrap().message().contains("permission denied for schema public"),
        "{said:?}"
    );
}
