//! The data directory that all clusters are copies of: made by `initdb` once per machine, user and version.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::binaries::{Binaries, run};
use crate::place;
use crate::{ADMIN_PASSWORD, DATABASE, PASSWORD, ROLE};

/// Counts the changes to this file: a template of an older one is not used.
const FORM: u32 = 1;

/// The template, made now if it is not there.
pub(crate) fn get(root: &Path, binaries: &Binaries) -> PathBuf {
    let version: String =
        binaries.version.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let template = root.join(format!("template-{FORM}-{version}"));
    if template.is_dir() {
        return template;
    }
    let _one_at_a_time = place::lock(root, "template.lock");
    if !template.is_dir() {
        make(root, binaries, &template);
    }
    template
}

fn make(root: &Path, binaries: &Binaries, template: &Path) {
    let making =
        tempfile::Builder::new().prefix("template-").tempdir_in(root).expect("the template gets a directory");
    place::own(making.path(), binaries.user.as_ref());
    let password = making.path().join("password");
    fs::write(&password, ADMIN_PASSWORD).expect("a password can be written down");
    let data = making.path().join("data");
    let mut initdb = binaries.program("initdb");
    initdb.args([
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    run(initdb.arg("--pwfile").arg(&password).arg("--pgdata").arg(&data));

    let mut single = binaries.program("postgres");
    single.arg("--single").arg("-D").arg(&data).arg("postgres");
    let mut single = single
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server's program can be run");
    let sql =
        format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n");
    single.stdin.take().expect("it was piped").write_all(sql.as_bytes()).expect("the server listens");
    assert!(single.wait().expect("it ends").success(), "the template got no role");
    fs::rename(&data, template).expect("a directory can be renamed");
}

/// Copies the template to `data`.
pub(crate) fn copy(template: &Path, binaries: &Binaries, data: &Path) {
    // By the system's program, so that whoever the server runs as owns the copy.
    let mut copy = binaries.command(Path::new("cp"));
    run(copy.args(["-R", "-p"]).arg(template).arg(data));
}
