//! One cluster: started, stopped as an operator or a power cut would, started again, asked by SQL.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binaries::{Binaries, run};
use crate::child::Starter;
use crate::options::Options;
use crate::proxy::Proxy;
use crate::{ADMIN_PASSWORD, DATABASE, PASSWORD_ESCAPED, ROLE, place, template};

/// Longest wait for a server to start or stop. A crash recovery of a loaded machine is within it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A PostgreSQL cluster. It ends and its files go when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    port: u16,
    starter: Starter,
    /// The server, while it runs. A std lock: tests stop it from one task and start it from another.
    server: Mutex<Option<Child>>,
    directory: TempDir,
    _held: [File; 2],
}

impl Cluster {
    /// Starts one without special settings.
    #[must_use]
    pub fn start() -> Self {
        Options::new().start()
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let binaries = Binaries::find();
        let root = place::root(&binaries);
        let template = template::get(&root, &binaries);
        let (directory, held) = place::claim(&root, &binaries);
        let (port, port_held) = place::port(&root);
        template::copy(&template, &binaries, &directory.path().join("data"));
        let cluster = Self {
            binaries,
            port,
            starter: Starter::new(),
            server: Mutex::new(None),
            directory,
            _held: [held, port_held],
        };
        let tls = if options.tls { cluster.make_certificate() } else { String::new() };
        // First what a test may override.
        cluster.configure(&format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nshared_buffers = 16MB\n\
             max_connections = 50\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n{tls}{}",
            cluster.directory.path().display(),
            options.lines()
        ));
        cluster.start_again();
        cluster
    }

    /// The URL of a database that was empty when the cluster started, over TCP.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// As [`Cluster::url`], over the server's Unix socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let directory = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgres://{ROLE}:{PASSWORD_ESCAPED}@{directory}:{}/{DATABASE}", self.port)
    }

    /// Makes another empty database and says its URL. The name is one that SQL takes without quotes.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        self.psql(&format!("CREATE DATABASE {name} OWNER {ROLE}"));
        self.url_of(name)
    }

    /// The port it listens on, at 127.0.0.1, now and after each start.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A way to it that loses a connection when it is told to.
    #[must_use]
    pub fn proxy(&self) -> Proxy {
        Proxy::to(self.port)
    }

    /// The certificate to trust, in PEM. With [`Options::tls`] only.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("server.crt")
    }

    /// Runs SQL as the superuser, in the database of [`Cluster::url`]. Returns the rows, a line each, fields parted by `|`.
    pub fn psql(&self, sql: &str) -> String {
        self.psql_in(DATABASE, sql)
    }

    /// Runs SQL as the superuser, in a database.
    pub fn psql_in(&self, database: &str, sql: &str) -> String {
        let mut psql = self.binaries.program("psql");
        psql.env("PGPASSWORD", ADMIN_PASSWORD)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--username=postgres", "--host"])
            .arg(self.directory.path())
            .args(["--port", &self.port.to_string(), "--dbname", database, "--command", sql]);
        run(&mut psql).trim_end().to_owned()
    }

    /// Runs SQL as whoever the URL says.
    ///
    /// # Errors
    /// What psql complained of.
    pub fn psql_at(&self, url: &str, sql: &str) -> Result<String, String> {
        let mut psql = self.binaries.program("psql");
        psql.args([
            "--no-psqlrc",
            "--no-password",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
            url,
        ]);
        let output = psql.output().expect("psql can be run");
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Adds lines to postgresql.conf, for the next start. The last one of a name counts.
    pub fn configure(&self, lines: &str) {
        let path = self.data().join("postgresql.conf");
        let mut text = fs::read_to_string(&path).expect("the configuration is there");
        text.push('\n');
        text.push_str(lines);
        fs::write(path, text).expect("the configuration can be written");
    }

    /// `pg_ctl stop -m immediate`: as a power cut. What was committed is recovered at the next start, nothing else.
    pub fn stop_immediate(&self) {
        self.stop("immediate");
    }

    /// `pg_ctl stop -m fast`: as an operator does. Connections are told and closed, everything is written.
    pub fn stop_fast(&self) {
        self.stop("fast");
    }

    /// Starts it with the same data and port, and waits until it takes connections.
    pub fn start_again(&self) {
        let mut server = self.lock();
        assert!(server.is_none(), "the cluster runs");
        let log =
            File::options().create(true).append(true).open(self.log_path()).expect("a log can be opened");
        let mut postgres = self.binaries.program("postgres");
        postgres.arg("-D").arg(self.data()).stdin(Stdio::null());
        postgres.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let mut child = self.starter.start(postgres);
        let began = Instant::now();
        while !self.is_ready(child.id()) {
            let ended = child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "PostgreSQL ended at its start:\n{}", self.log());
            assert!(began.elapsed() < PATIENCE, "PostgreSQL does not get ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        *server = Some(child);
    }

    /// The id of the server's process.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.lock().as_ref().expect("the cluster runs").id()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{PASSWORD_ESCAPED}@127.0.0.1:{}/{database}", self.port)
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether this server, and not one before it, has written that it takes connections.
    fn is_ready(&self, pid: u32) -> bool {
        let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = status.lines();
        lines.next() == Some(&pid.to_string()) && lines.next_back().is_some_and(|line| line.trim() == "ready")
    }

    fn stop(&self, mode: &str) {
        let mut server = self.lock();
        let child = server.as_mut().expect("the cluster runs");
        let mut stop = self.binaries.program("pg_ctl");
        run(stop.args(["stop", "-m", mode, "-t", &PATIENCE.as_secs().to_string(), "-D"]).arg(self.data()));
        child.wait().expect("a child can be waited for");
        *server = None;
    }

    /// Makes the server a certificate that signs itself, and says the lines that make it use it.
    fn make_certificate(&self) -> String {
        let (key, request) =
            (self.directory.path().join("server.key"), self.directory.path().join("request"));
        // Not a certificate authority: one that signs others is no server's for TLS libraries that look closely.
        let text = "[req]\ndistinguished_name = name\nx509_extensions = more\nprompt = no\n[name]\nCN = localhost\n[more]\n\
            basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n";
        fs::write(&request, text).expect("a file can be written");
        let mut openssl = self.binaries.command(Path::new("openssl"));
        openssl.args([
            "req",
            "-x509",
            "-days",
            "2",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        openssl.arg("-config").arg(&request).arg("-keyout").arg(&key).arg("-out").arg(self.certificate());
        run(&mut openssl);
        format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
            self.certificate().display(),
            key.display()
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let from = log.lines().count().saturating_sub(30);
            eprintln!("---- PostgreSQL's log, its end ----");
            log.lines().skip(from).for_each(|line| eprintln!("{line}"));
        }
        let Some(mut child) = self.lock().take() else { return };
        // SIGQUIT to the process that we started is an immediate stop; it is still a child of ours, so the id is still its.
        let asked = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = child.kill();
        }
        let _ = child.wait();
    }
}
