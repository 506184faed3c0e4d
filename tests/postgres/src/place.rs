//! The directory of all clusters of a user, below the system's temporary directory: the template, a directory per cluster, ports.
//!
//! What is in use is locked (`flock`), so that what a killed process left behind can be told apart and removed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::binaries::{Binaries, User};

/// Below the ports that systems give to outgoing connections, so that a port is still free when its cluster starts again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The directory of all clusters that this user starts.
pub(crate) fn root(binaries: &Binaries) -> PathBuf {
    let root = std::env::temp_dir().join(format!("edgesync-pg-{}", binaries.uid));
    if !root.is_dir() {
        let making = tempfile::tempdir().expect("there is a temporary directory");
        own(making.path(), binaries.user.as_ref());
        // Whole or not at all: another process may be at the same. Then this one's is left, empty, to be removed.
        let _ = fs::rename(making.path(), &root);
    }
    let owner = fs::metadata(&root).expect("the clusters' directory is there").uid();
    let ours = binaries.user.as_ref().map_or(binaries.uid, |user| user.uid);
    // The temporary directory is everybody's.
    assert_eq!(owner, ours, "{} belongs to somebody else", root.display());
    root
}

/// Gives a directory to whoever the server runs as, and to nobody else.
pub(crate) fn own(path: &Path, user: Option<&User>) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("a new directory can be closed");
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid)).expect("root can give a directory away");
    }
}

/// Waits for the lock of this name.
pub(crate) fn lock(root: &Path, name: &str) -> File {
    let file = open(&root.join(name));
    file.lock().expect("a file can be locked");
    file
}

/// A directory for one cluster, with the lock that says that it is in use.
pub(crate) fn claim(root: &Path, binaries: &Binaries) -> (tempfile::TempDir, File) {
    remove_left_behind(root);
    let directory =
        tempfile::Builder::new().prefix("cluster-").tempdir_in(root).expect("a cluster gets a directory");
    let held = lock(directory.path(), "held");
    own(directory.path(), binaries.user.as_ref());
    (directory, held)
}

/// A port that nobody listens on, and the lock that keeps other clusters from it while this one is down.
pub(crate) fn port(root: &Path) -> (u16, File) {
    let length = PORTS.end - PORTS.start;
    let first = u16::try_from(std::process::id() % u32::from(length)).unwrap_or(0);
    for n in 0..length {
        let port = PORTS.start + (first + n) % length;
        let file = open(&root.join(format!("port-{port}")));
        if file.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return (port, file);
        }
    }
    panic!("no port of {PORTS:?} is free");
}

fn open(path: &Path) -> File {
    File::options().create(true).truncate(false).write(true).open(path).expect("a lock file can be opened")
}

/// Removes clusters that nobody holds. Young ones are left alone: their maker may not have got to the lock.
fn remove_left_behind(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        let held = path.join("held");
        let old = fs::metadata(&held)
            .and_then(|held| held.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > Duration::from_secs(60)));
        let is_cluster = entry.file_name().to_string_lossy().starts_with("cluster-");
        if is_cluster && old && File::open(&held).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(path);
        }
    }
}
