//! Making a directory so that a power cut does not take it back.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Makes the directory and those above it that are not there, and syncs where each was made. Blocks.
///
/// # Errors
/// Of the file system.
pub fn make(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let above = match directory.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        // A name alone, and the root, which is there.
        _ => Path::new("."),
    };
    make(above)?;
    match fs::create_dir(directory) {
        // Somebody else made it in between.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && directory.is_dir() => {}
        made => made?,
    }
    sync(above)
}

/// Syncs a file, or the names in a directory. Blocks.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_made_and_a_file_in_the_way_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        make(&deep).unwrap();
        make(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(make(&dir.path().join("file")).is_err());
        assert!(make(&dir.path().join("file/a")).is_err());
    }
}
