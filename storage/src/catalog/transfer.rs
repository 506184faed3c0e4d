//! Copying a catalog into an empty one, table by table, whatever databases both are.
//!
//! Rows are copied in the order of their keys and some in a transaction, so the last key that is there tells where an interrupted copy
//! goes on. Columns are looked up, not listed: a new one is copied without a change here. A new table is noticed by a test.

use edgesync_schemas::limit;
use xxhash_rust::xxh3::xxh3_64;

use super::Catalog;
use super::db::Db;
use super::error::Error;
use super::value::{Row, Value};
use crate::check::Progress;

/// A table and the columns of its primary key.
pub(super) struct Table {
    pub name: &'static str,
    pub key: &'static [&'static str],
    /// Rows that are read, or written, at a time.
    rows: u32,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, rows: limit::COPIED_ROWS }
}

/// One whose rows may be as large as a request, or its answer.
const fn large(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, rows: limit::COPIED_LARGE_ROWS }
}

/// All tables but the list of migrations and the count of changes of access, which is each installation's own; each behind those that it
/// refers to.
pub(super) const TABLES: &[Table] = &[
    table("users", &["id"]),
    table("user_profiles", &["user_id"]),
    table("sessions", &["id"]),
    table("all_organizations", &["id"]),
    table("all_memberships", &["user_id", "organization_id"]),
    table("all_projects", &["id"]),
    table("devices", &["id"]),
    large("flows", &["id"]),
    large("flow_versions", &["flow_id", "version"]),
    large("flow_executions", &["id"]),
    table("node_executions", &["id"]),
    table("dead_letters", &["id"]),
    large("dashboard_templates", &["id"]),
    large("dashboard_widgets", &["id"]),
    table("widget_samples", &["widget_id", "slot"]),
    table("all_project_devices", &["project_id", "device_id"]),
    table("template_permissions", &["template_id", "user_id"]),
    table("share_links", &["id"]),
    table("tracked_variables", &["id"]),
    table("device_history", &["id"]),
    table("audit_log", &["id"]),
    table("api_tokens", &["id"]),
    table("first_users", &["place"]),
    large("idempotency_keys", &["id"]),
];

/// What a table holds: its rows, and a sum over them that does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Rows or readings.
    pub count: u64,
    /// Sum of their checksums.
    pub checksum: u64,
}

impl Sum {
    /// Takes in one more.
    pub(crate) fn add(&mut self, record: &[u8]) {
        self.count += 1;
        self.checksum = self.checksum.wrapping_add(xxh3_64(record));
    }
}

impl Catalog {
    /// Copies what `target` does not have yet. Both have the same schema, and nobody else writes to either.
    ///
    /// # Errors
    /// Of either database; [`Error::Corrupt`] if the tables have other columns.
    pub async fn copy_to(&self, target: &Self, progress: &mut dyn Progress) -> Result<(), Error> {
        for (at, table) in (0..).zip(TABLES) {
            progress.at("catalog tables", at, TABLES.len() as u64);
            self.copy_table(target, table).await?;
        }
        Ok(())
    }

    async fn copy_table(&self, target: &Self, table: &Table) -> Result<(), Error> {
        let columns = self.columns(table).await?;
        let mut theirs = target.columns(table).await?;
        theirs.sort_unstable();
        let mut ours = columns.clone();
        ours.sort_unstable();
        if ours != theirs {
            return Err(Error::Corrupt { what: "table with other columns" });
        }
        let (names, width) = (columns.join(", "), columns.len());
        let insert = leak(format!("INSERT INTO {} ({names}) VALUES ({})", table.name, places(1, width)));
        let read = Pages::of(table, &columns);
        let mut after = target.last_key(table).await?;
        loop {
            let (sql, params) = read.page(after.take());
            let rows = Pages::rows(self.db.query(sql, params).await?);
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(read.key_of(last));
            let is_last = rows.len() < table.rows as usize;
            let mut tx = target.db.begin().await?;
            tx.execute_all(insert, rows).await?;
            tx.commit().await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn last_key(&self, table: &Table) -> Result<Option<Vec<Value>>, Error> {
        let key = table.key.join(", ");
        let order: Vec<String> = table.key.iter().map(|column| format!("{column} DESC")).collect();
        let sql = format!("SELECT {key} FROM {} ORDER BY {} LIMIT 1", table.name, order.join(", "));
        Ok(self.db.first(leak(sql), vec![]).await?.map(Row::into_fields))
    }

    pub(super) async fn columns(&self, table: &Table) -> Result<Vec<String>, Error> {
        let sql = match &self.db {
            Db::Sqlite(_) => "SELECT name FROM pragma_table_info($1) ORDER BY cid",
            Db::Postgres(_) => {
                "SELECT column_name::TEXT FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = $1::TEXT ORDER BY ordinal_position"
            }
        };
        let rows = self.db.query(sql, vec![table.name.into()]).await?;
        rows.into_iter().map(|mut row| row.take()).collect()
    }
}

#[cfg(test)]
impl Catalog {
    /// All rows of all tables, as text.
    pub(crate) async fn rows(&self) -> std::collections::BTreeMap<&'static str, Vec<String>> {
        let mut tables = std::collections::BTreeMap::new();
        for table in TABLES {
            let mut columns = self.columns(table).await.unwrap();
            columns.sort_unstable();
            let sql = format!("SELECT {} FROM {}", columns.join(", "), table.name);
            let rows = self.db.query(leak(sql), vec![]).await.unwrap();
            let mut rows: Vec<String> =
                rows.into_iter().map(|row| format!("{:?}", row.into_fields())).collect();
            rows.sort_unstable();
            tables.insert(table.name, rows);
        }
        tables
    }
}

/// Reads a table in the order of its keys, some rows at a time.
pub(super) struct Pages {
    first: &'static str,
    next: &'static str,
    /// Places of the key's columns among those that are read.
    key: Vec<usize>,
    /// Rows of a page, at most.
    rows_max: u32,
}

impl Pages {
    pub fn of(table: &Table, columns: &[String]) -> Self {
        let (names, key, count) = (columns.join(", "), table.key.join(", "), table.key.len());
        let from = format!("SELECT {names} FROM {}", table.name);
        let first = leak(format!("{from} ORDER BY {key} LIMIT $1"));
        let next = leak(format!(
            "{from} WHERE ({key}) > ({}) ORDER BY {key} LIMIT ${}",
            places(1, count),
            count + 1
        ));
        let key =
            table.key.iter().filter_map(|name| columns.iter().position(|column| column == name)).collect();
        Self { first, next, key, rows_max: table.rows }
    }

    /// The question for the page after a key, and its parameters.
    pub fn page(&self, after: Option<Vec<Value>>) -> (&'static str, Vec<Value>) {
        let (sql, mut params) = match after {
            Some(after) => (self.next, after),
            None => (self.first, Vec::new()),
        };
        params.push(self.rows_max.into());
        (sql, params)
    }

    /// The rows of a page.
    pub fn rows(rows: Vec<Row>) -> Vec<Vec<Value>> {
        rows.into_iter().map(Row::into_fields).collect()
    }

    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|at| row[*at].clone()).collect()
    }
}

fn places(from: usize, count: usize) -> String {
    let places: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

/// Statements are kept for the life of the process, which is that of a move: a few for each table.
fn leak(sql: String) -> &'static str {
    sql.leak()
}

/// A row as bytes, the same for every database.
pub(super) fn record(row: &[Value]) -> Vec<u8> {
    let mut record = Vec::new();
    for value in row {
        let (kind, bytes) = match value {
            Value::Null => (0u8, Vec::new()),
            Value::Int(number) => (1, number.to_le_bytes().to_vec()),
            Value::Text(text) => (2, text.as_bytes().to_vec()),
            Value::Bytes(bytes) => (3, bytes.clone()),
            Value::Real(number) => (4, number.to_bits().to_le_bytes().to_vec()),
        };
        record.push(kind);
        record.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        record.extend_from_slice(&bytes);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::super::look::is_empty_at;
    use super::*;

    struct Silent;

    impl Progress for Silent {
        fn at(&mut self, _: &str, _: u64, _: u64) {}
    }

    #[tokio::test]
    async fn a_copy_that_was_cut_short_goes_on_and_a_changed_field_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Catalog::open(&dir.path().join(name)).unwrap();
        let (source, target) = (open("a.db"), open("b.db"));
        let sets = (0..limit::COPIED_ROWS + 7)
            .map(|n| vec![uuid::Uuid::from_u128(n.into()).into(), format!("{n}@example.org").into()]);
        let mut tx = source.db.begin().await.unwrap();
        let insert = "INSERT INTO users (id, email, name, password_hash, is_active, created_at, updated_at)
            VALUES ($1, $2, 'ä''\"', '', true, 0, 9)";
        tx.execute_all(insert, sets.collect()).await.unwrap();
        tx.commit().await.unwrap();
        let is_empty = |name: &str| is_empty_at(&dir.path().join(name)).unwrap();
        assert!(is_empty("b.db") && is_empty("c.db") && !is_empty("a.db"));
        assert!(!dir.path().join("c.db").exists(), "looking makes none");
        // As an attempt leaves it that was killed after its first transaction.
        let mut tx = target.db.begin().await.unwrap();
        let set = vec![uuid::Uuid::from_u128(0).into(), "0@example.org".into()];
        tx.execute(insert, set).await.unwrap();
        tx.commit().await.unwrap();
        source.copy_to(&target, &mut Silent).await.unwrap();
        let sums = async |of: &Catalog| of.still().await.unwrap().sums(&mut Silent).await.unwrap();
        let expected = sums(&source).await;
        assert_eq!(expected["users"].count, u64::from(limit::COPIED_ROWS) + 7);
        assert_eq!(sums(&target).await, expected);
        let mut tx = target.db.begin().await.unwrap();
        tx.execute("UPDATE users SET updated_at = 8 WHERE email = $1", vec!["3@example.org".into()])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_ne!(sums(&target).await, expected);
    }

    #[tokio::test]
    async fn rows_that_may_be_large_are_copied_some_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Catalog::open(&dir.path().join(name)).unwrap();
        let (source, target) = (open("a.db"), open("b.db"));
        let id = |n: u32| uuid::Uuid::from_u128(n.into());
        let mut tx = source.db.begin().await.unwrap();
        let user = "INSERT INTO users (id, email, name, password_hash, is_active, created_at, updated_at)
            VALUES ($1, 'a@example.org', 'a', '', true, 0, 0)";
        tx.execute(user, vec![id(0).into()]).await.unwrap();
        let flow = "INSERT INTO flows
            (id, owner_id, name, description, nodes, edges, metadata, tags, version, created_at, updated_at)
            VALUES ($1, $2, 'f', '', '[]', '[]', '{}', '[]', 1, 0, 0)";
        let flows = 2 * limit::COPIED_LARGE_ROWS + 3;
        tx.execute_all(flow, (1..=flows).map(|n| vec![id(n).into(), id(0).into()]).collect()).await.unwrap();
        tx.commit().await.unwrap();
        source.copy_to(&target, &mut Silent).await.unwrap();
        let sums = target.still().await.unwrap().sums(&mut Silent).await.unwrap();
        assert_eq!(sums["flows"].count, u64::from(flows));
        let large = TABLES.iter().find(|table| table.name == "flow_versions").unwrap();
        let (_, params) = Pages::of(large, &["version".to_owned()]).page(None);
        assert_eq!(format!("{params:?}"), format!("[Int({})]", limit::COPIED_LARGE_ROWS));
    }
}
