//! The list of tables that are copied when an installation is moved: whoever adds a table adds it there.

use std::collections::BTreeSet;

use super::*;
use crate::catalog::db::Db;
use crate::catalog::transfer::TABLES;
use crate::catalog::value::Value;

async fn texts(f: &Fixture, [sqlite, postgres]: [&'static str; 2], params: Vec<Value>) -> Vec<String> {
    let sql = match &f.catalog.db {
        Db::Sqlite(_) => sqlite,
        Db::Postgres(_) => postgres,
    };
    let rows = f.catalog.db.query(sql, params).await.unwrap();
    rows.into_iter().map(|mut row| row.take().unwrap()).collect()
}

const NAMES: [&str; 2] = [
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
     AND name NOT IN ('schema_migrations', 'access_changes')",
    "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
     AND table_name NOT IN ('schema_migrations', 'access_changes')",
];
const PARENTS: [&str; 2] = [
    "SELECT \"table\" FROM pragma_foreign_key_list($1)",
    "SELECT confrelid::regclass::TEXT FROM pg_constraint WHERE contype = 'f' AND conrelid = $1::TEXT::regclass",
];
const KEY: [&str; 2] = [
    "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk",
    "SELECT a.attname::TEXT FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (att, place)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.att
     WHERE i.indisprimary AND i.indrelid = $1::TEXT::regclass ORDER BY k.place",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_copied_behind_those_it_refers_to_and_in_the_order_of_its_key() {
    let f = fixture();
    let there: BTreeSet<String> = texts(&f, NAMES, vec![]).await.into_iter().collect();
    assert_eq!(there, TABLES.iter().map(|table| table.name.to_owned()).collect());
    let mut before = BTreeSet::new();
    for table in TABLES {
        for parent in texts(&f, PARENTS, vec![table.name.into()]).await {
            assert!(
                before.contains(parent.as_str()) || parent == table.name,
                "{} refers to {parent}",
                table.name
            );
        }
        before.insert(table.name);
        assert_eq!(texts(&f, KEY, vec![table.name.into()]).await, table.key, "{}", table.name);
    }
}
