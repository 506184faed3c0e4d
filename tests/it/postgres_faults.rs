//! The product on PostgreSQL, from outside: what holds for the embedded store holds there, and what databases are known for is survived.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use edgesync_test_postgres::Cluster;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::api::metric;
use crate::support::server::scratch;
use crate::support::{Device, Stage, eventually, stage_with};

async fn stage_on(cluster: &Cluster) -> Stage {
    stage_with(&["--database-url", &cluster.url()]).await
}

fn start() -> Cluster {
    edgesync_test_postgres::Options::new().unsynced().start()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_gives_what_the_api_gives() {
    let cluster = start();
    let stage = stage_on(&cluster).await;
    let mut device = Device::connect(&stage.server, &stage.device, 7, 1).await;
    device
        .deliver(1, json!([["t", 21.5, 0, "°C"], ["door", true], ["state", "öffen \"A\""], ["t", -3e-7]]))
        .await;
    let api = stage.api.readings(&stage.device.id).await;
    let rows = cluster.psql(
        "SELECT json_build_object('device_id', device_id, 'sensor_type', sensor_type, 'value', value, 'unit', unit,
            'us', (extract(epoch FROM \"timestamp\") * 1000000)::bigint, 'raw_data', raw_data,
            'lag', extract(epoch FROM received_at - \"timestamp\") < 60) FROM sensor_data ORDER BY \"timestamp\"",
    );
    let rows: Vec<serde_json::Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), api.len()), (4, 4));
    for reading in &api {
        let at: edgesync_schemas::time::Timestamp = reading["timestamp"].as_str().unwrap().parse().unwrap();
        let row = rows.iter().find(|row| {
            row["us"] == at.as_us()
                && row["sensor_type"] == reading["sensor_type"]
                && row["value"].as_f64() == reading["value"].as_f64()
        });
        let row = row.unwrap_or_else(|| panic!("{reading} is not in {rows:#?}"));
        for field in ["device_id", "unit", "raw_data"] {
            assert_eq!(
                row.get(field).unwrap_or(&serde_json::Value::Null),
                reading.get(field).unwrap_or(&serde_json::Value::Null),
                "{field} of {reading}"
            );
        }
        assert_eq!(row["lag"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_first_address_is_dead_works_on_the_second() {
    let cluster = start();
    // Bound and not listened on by PostgreSQL: whoever connects is refused once it is dropped.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = cluster.url();
    let (before, after) = url.split_once("@127.0.0.1").unwrap();
    let url = format!("{before}@{dead},127.0.0.1{after}");
    let stage = stage_with(&["--database-url", &url]).await;
    let mut device = Device::connect(&stage.server, &stage.device, 7, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
    // And finds its way back there.
    tokio::task::block_in_place(|| cluster.stop_immediate());
    device.data(2, json!([["a", 2]])).await;
    tokio::task::block_in_place(|| cluster.start_again());
    device.acked(2).await;
    stage.api.expect_values(&stage.device.id, "a", &[1.0, 2.0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_do_not_share_a_log() {
    let cluster = start();
    let url = cluster.url();
    let stage = stage_on(&cluster).await;
    let directory = scratch();
    let second = Command::new(env!("CARGO_BIN_EXE_edgesync"))
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &url, "--data"])
        .arg(directory.path())
        .output();
    let second = second.unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use: edgesync log"), "{said}");
    let mut device = Device::connect(&stage.server, &stage.device, 7, 1).await;
    device.deliver(1, json!([["a", 1]])).await;
}

/// A small file system that can be made larger; root only.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path, size: &str) -> Result<Self, String> {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={size},mode=777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(path.to_owned())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: PostgreSQL may still have files of it open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_out_and_loses_nothing() {
    let directory = tempfile::Builder::new().prefix("edgesync-it-").tempdir().unwrap();
    let disk = match SmallDisk::mount(&directory.path().join("small"), "1m") {
        Ok(disk) => disk,
        Err(why) => return println!("left out, a small disk cannot be mounted here: {why}"),
    };
    let place = disk.0.join("tables");
    std::fs::create_dir(&place).unwrap();
    let cluster = start();
    // The database's user must get there and own it.
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let owner = std::fs::metadata(cluster.data()).unwrap();
    chown(&place, Some(owner.uid()), Some(owner.gid())).unwrap();
    cluster.psql(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display()));
    cluster.psql("GRANT CREATE ON TABLESPACE small TO PUBLIC");
    let stage = stage_on(&cluster).await;
    // The readings of today go there, nothing else does.
    cluster.psql("ALTER ROLE edgesync SET default_tablespace = 'small'");
    let today = cluster.psql("SELECT 'readings_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')");
    cluster.psql(&format!("DROP TABLE {today}"));
    cluster.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'edgesync log%'",
    );
    eventually("the day is made again", async || {
        let made = cluster.psql(&format!("SELECT tablespace FROM pg_tables WHERE tablename = '{today}'"));
        if made == "small" { Ok(()) } else { Err(made) }
    })
    .await;
    let Stage { server, api, device: new, .. } = &stage;
    let mut device = Device::connect(server, new, 1, 1).await;
    let (mut q, mut sent) = (0, Vec::new());
    // Until it is full; credit bounds what is on the way.
    while metric(server, "edgesync_log_store_up").await == 1.0 {
        q += 1;
        let values: Vec<f64> = (0..400).map(|n| (q * 400 + n) as f64).collect();
        device.data(q, json!(values.iter().map(|value| json!(["a", value])).collect::<Vec<_>>())).await;
        sent.extend(values);
        assert!(q < 60, "the disk is never full");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let full = metric(server, "edgesync_log_store_failures_total{reason=\"disk_full\"}").await;
    assert!(full >= 1.0, "{full}");
    disk.grow("64m");
    device.acked(q).await;
    api.expect_values(&new.id, "a", &sent).await;
    eventually("it is told", async || {
        let up = metric(server, "edgesync_log_store_up").await;
        if up == 1.0 { Ok(()) } else { Err(up) }
    })
    .await;
}
