//! Where PostgreSQL's programs are, and as whom they run.

use std::path::{Path, PathBuf};
use std::process::Command;

/// PostgreSQL's programs.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    directory: PathBuf,
    /// What `postgres --version` says.
    pub(crate) version: String,
    /// Who we are.
    pub(crate) uid: u32,
    /// Whom to run as, if not as who we are: PostgreSQL refuses root.
    pub(crate) user: Option<User>,
}

/// A user of the system.
#[derive(Debug, Clone)]
pub(crate) struct User {
    name: &'static str,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Binaries {
    /// The programs in `EDGESYNC_TEST_PG_BIN`, the newest that the system's packages put somewhere, or those in `PATH`.
    pub(crate) fn find() -> Self {
        let named = std::env::var_os("EDGESYNC_TEST_PG_BIN").map(PathBuf::from);
        let directory = named.or_else(packaged).or_else(in_path).expect(
            "the tests need PostgreSQL's server programs: install the package postgresql, or name the directory of initdb and postgres \
             in EDGESYNC_TEST_PG_BIN",
        );
        let said = run(Command::new(directory.join("postgres")).arg("--version"));
        let version = said.trim().to_owned();
        let uid = id(&["-u"]).expect("the program id says who we are");
        Self { directory, version, uid, user: (uid == 0).then(other_user) }
    }

    /// One of the programs, as whoever it has to run as.
    pub(crate) fn program(&self, name: &str) -> Command {
        self.command(&self.directory.join(name))
    }

    /// A program of the system, as whoever the server runs as.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(user) = &self.user else { return dies_with_us(Command::new(program), program, &[]) };
        let ids =
            [format!("--reuid={}", user.uid), format!("--regid={}", user.gid), "--clear-groups".to_owned()];
        let mut fallback = Command::new("runuser");
        fallback.args(["-u", user.name, "--"]).arg(program);
        dies_with_us(fallback, program, &ids)
    }
}

/// Through `setpriv`, so that the program dies with the thread that starts it however that ends; without it as `fallback` says.
fn dies_with_us(fallback: Command, program: &Path, ids: &[String]) -> Command {
    if which("setpriv").is_none() {
        return fallback;
    }
    let mut command = Command::new("setpriv");
    command.args(ids).args(["--pdeathsig=QUIT", "--"]).arg(program);
    command
}

/// Runs it to its end and says what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed: {}\n{said}{complained}", output.status);
    said.into_owned()
}

fn other_user() -> User {
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| Some(User { name, uid: id(&["-u", name])?, gid: id(&["-g", name])? }))
        .expect("started by root, PostgreSQL runs as the user postgres or nobody: there is neither")
}

fn id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Where Debian's and Red Hat's packages put each major version; the newest.
fn packaged() -> Option<PathBuf> {
    let mut found = Vec::new();
    for (parent, prefix) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")] {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let major = name.strip_prefix(prefix).and_then(|version| version.parse::<u32>().ok());
            let directory = entry.path().join("bin");
            if let Some(major) = major.filter(|_| is_complete(&directory)) {
                found.push((major, directory));
            }
        }
    }
    found.into_iter().max_by_key(|(major, _)| *major).map(|(_, directory)| directory)
}

fn in_path() -> Option<PathBuf> {
    which("postgres").filter(|directory| is_complete(directory))
}

fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl", "psql"].iter().all(|name| directory.join(name).is_file())
}

/// The directory of `PATH` that has the program.
fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|directory| directory.join(program).is_file())
}
