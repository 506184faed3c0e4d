//! `check` of a catalog in a database: a sound one is found sound, beside a server too, and what is lost is found.

use edgesync_test_postgres::Options;

use super::*;
use crate::catalog::check_postgres;
use crate::check::{Progress, Report};

struct Silent;

impl Progress for Silent {
    fn at(&mut self, _: &str, _: u64, _: u64) {}
}

async fn look(url: &str) -> Report {
    let server = Server::open(&Target::parse(url).unwrap()).await.unwrap();
    let mut report = Report::default();
    check_postgres(&server, &mut report, &mut Silent).await.unwrap();
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_catalog_is_found_sound_and_damage_of_each_kind_is_found() {
    let cluster = Options::new().unsynced().start();
    let url = cluster.url();
    let f = Fixture::at(Place::Server(cluster));
    let ada = f.sign_up("ada@example.org").await;
    f.device(&ada, "pump").await;
    let Fixture { catalog, place: Place::Server(cluster) } = f else { panic!("on a server") };
    let report = look(&url).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.looked_at["catalog rows"] > 5);
    // Each in a copy, which is made when nobody has it open.
    drop(catalog);
    for (damage, wrongs) in [
        (
            "SET session_replication_role = replica; DELETE FROM users",
            &["a row of devices refers to a row of users", "a row of sessions refers to a row of users"][..],
        ),
        (
            "ALTER TABLE devices DISABLE TRIGGER ALL",
            &["the reference devices_creator_id_fkey of devices is not kept"],
        ),
        ("DROP TABLE idempotency_keys", &["there is no table idempotency_keys"]),
        ("DELETE FROM schema_migrations WHERE version > 2", &["has schema 2"]),
        ("UPDATE schema_migrations SET checksum = 'x' WHERE version = 3", &["migration 3"]),
    ] {
        let name = format!("damaged_{}", damage.len());
        cluster.psql_in("postgres", &format!("CREATE DATABASE {name} TEMPLATE edgesync OWNER edgesync"));
        cluster.psql_in(&name, damage);
        let (server, _) = url.rsplit_once('/').unwrap();
        let problems = look(&format!("{server}/{name}")).await.problems;
        for wrong in wrongs {
            assert!(problems.iter().any(|problem| problem.contains(wrong)), "{damage}: {problems:?}");
        }
    }
}
