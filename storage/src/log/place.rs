//! Claiming a directory: it must be on a local file system, and one process may have it.
//!
//! The lock is the kernel's (`flock`), so it ends with the process however that ends; the file itself stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::Error;
use crate::directory;

const LOCK_FILE: &str = "lock";

/// File systems that lie on another machine: their fsync, locks and renames do not promise what the log builds on.
const NETWORK_KINDS: [&str; 18] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "coda",
    "ceph",
    "glusterfs",
    "lustre",
    "beegfs",
    "orangefs",
    "gpfs",
    "ocfs2",
    "gfs2",
    "davfs",
    "9p",
];

/// Makes the directory if it is not there, checks its file system and takes the lock. The lock is held until the file is dropped.
///
/// # Errors
/// [`Error::InUse`], [`Error::NetworkFileSystem`], [`Error::Directory`].
pub fn claim(directory: &Path) -> Result<File, Error> {
    let failed = |source| Error::Directory { path: directory.to_owned(), source };
    directory::make(directory).map_err(failed)?;
    let real = directory.canonicalize().map_err(failed)?;
    // Where the system has no such file, nothing is known about its mounts, and the check is left out.
    if let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo")
        && let Some(kind) = network_kind(&mounts, &real)
    {
        return Err(Error::NetworkFileSystem { path: directory.to_owned(), kind: kind.to_owned() });
    }
    let path = real.join(LOCK_FILE);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The kind of the file system that `path` is on, if it is one of another machine.
/// Lines of `mountinfo`: `36 35 98:0 /root /mount/point options - kind source options`, see proc_pid_mountinfo(5).
fn network_kind<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mut deepest: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (Some(point), Some(kind)) =
            (line.split(' ').nth(4), line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next()))
        else {
            continue;
        };
        let point = unescape(point);
        let depth = Path::new(&point).components().count();
        // Of mounts on one point, the later hides the earlier.
        if path.starts_with(&point) && deepest.is_none_or(|(known, _)| depth >= known) {
            deepest = Some((depth, kind));
        }
    }
    let (_, kind) = deepest?;
    let remote = NETWORK_KINDS.contains(&kind)
        || matches!(kind.strip_prefix("fuse."), Some(fuse) if fuse != "fuse-overlayfs" && is_remote_fuse(fuse));
    remote.then_some(kind)
}

fn is_remote_fuse(kind: &str) -> bool {
    NETWORK_KINDS.contains(&kind)
        || matches!(kind, "sshfs" | "s3fs" | "rclone" | "gcsfuse" | "juicefs" | "goofys")
}

/// Spaces and backslashes in mount points are written as `\040` and the like.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        match after.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = &after[3..];
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:31 / /srv/share rw,relatime shared:7 - nfs4 host:/export rw
41 40 0:32 / /srv/share/local\\040disk rw - xfs /dev/vdb rw
42 27 0:33 / /home/me/far rw - fuse.sshfs me@host: rw
";

    #[test]
    fn network_file_systems_are_recognised_by_the_deepest_mount() {
        assert_eq!(network_kind(MOUNTS, Path::new("/var/lib/edgesync")), None);
        assert_eq!(network_kind(MOUNTS, Path::new("/srv/share/data")), Some("nfs4"));
        assert_eq!(network_kind(MOUNTS, Path::new("/srv/share/local disk/data")), None);
        assert_eq!(network_kind(MOUNTS, Path::new("/srv/shared")), None);
        assert_eq!(network_kind(MOUNTS, Path::new("/home/me/far")), Some("fuse.sshfs"));
    }

    #[test]
    fn a_directory_can_be_claimed_once_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let lock = claim(directory.path()).unwrap();
        assert!(matches!(claim(directory.path()), Err(Error::InUse { .. })));
        drop(lock);
        assert!(claim(directory.path()).is_ok());
    }
}
