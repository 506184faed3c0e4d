//! The server as its users start it: the built binary in a directory of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::wait::{eventually, within};

const BINARY: &str = env!("CARGO_BIN_EXE_edgesync");

/// A running server. It is killed when dropped; its log is shown if the test failed.
pub struct Server {
    child: Child,
    directory: TempDir,
    args: Vec<String>,
    said: Arc<Mutex<Vec<String>>>,
    /// Where it listens; another port after each restart.
    pub address: SocketAddr,
}

impl Server {
    /// Starts one with no data and these arguments.
    pub async fn start_with(args: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("edgesync-it-").tempdir().unwrap();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let (child, address, said) = spawn(directory.path(), &args).await;
        Self { child, directory, args, said, address }
    }

    /// Starts one on data that are somewhere else already.
    pub async fn start_on(data: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("edgesync-it-").tempdir().unwrap();
        let args = vec!["--data".to_owned(), data.to_str().unwrap().to_owned()];
        let (child, address, said) = spawn(directory.path(), &args).await;
        Self { child, directory, args, said, address }
    }

    /// Kills it as a power cut would (SIGKILL) and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again on the same data.
    pub async fn restart(&mut self) {
        assert!(self.child.try_wait().unwrap().is_some(), "the server still runs");
        (self.child, self.address, self.said) = spawn(self.directory.path(), &self.args).await;
    }

    /// Starts it again on the same data with other arguments.
    pub async fn restart_with(&mut self, args: &[&str]) {
        self.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.restart().await;
    }

    /// Asks it to stop (SIGTERM). Does not wait.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("the server runs").to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> ExitStatus {
        within("the server's end", self.child.wait()).await.unwrap()
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let id = self.child.id().expect("the server runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS is there");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What it has printed on stdout.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A path in its directory, outside its data.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `edgesync admin …` on its data, or its database. Gives what it printed.
    pub async fn admin(&self, args: &[&str]) -> String {
        let output = self.tool("admin", args, "").await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `edgesync <name> …` on its data, or its database, with `stdin`.
    pub async fn tool(&self, name: &str, args: &[&str], stdin: &str) -> Output {
        let database = self.args.iter().position(|arg| arg == "--database-url");
        let (flag, place) = match database {
            Some(at) => ("--database-url", PathBuf::from(&self.args[at + 1])),
            None => ("--data", self.data()),
        };
        let mut child = Command::new(BINARY)
            .arg(name)
            .args(args)
            .arg(flag)
            .arg(place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // A tool that reads nothing may be gone by now.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.ok();
        within("the end of a tool", child.wait_with_output()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("---- the server's log, its end ----");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// The setup token that the server has printed.
pub async fn setup_token(server: &Server) -> String {
    eventually("the setup token", async || {
        let said = server.said();
        said.iter()
            .find_map(|line| line.strip_prefix("edgesync setup token: "))
            .map(str::to_owned)
            .ok_or(said)
    })
    .await
}

/// A directory for a file that a server is told about before it starts.
pub fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("edgesync-it-").tempdir().unwrap()
}

/// An address that stays while the server behind it is killed and started elsewhere: connections to it are passed on to
/// wherever `target` says at that moment.
pub async fn relay(target: tokio::sync::watch::Receiver<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut outer, _)) = listener.accept().await {
            let target = *target.borrow();
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(target).await {
                    tokio::io::copy_bidirectional(&mut outer, &mut inner).await.ok();
                }
            });
        }
    });
    address
}

/// Runs the binary in `directory` until it ends by itself, which must be soon.
pub async fn run(directory: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(args).envs(environment.iter().copied()).current_dir(directory).stdin(Stdio::null());
    within("the end of a short run", command.kill_on_drop(true).output()).await.unwrap()
}

/// Starts the binary in `directory` on `data` and leaves it alone: it may not be ready for long.
pub fn start(directory: &Path, data: &Path) -> Child {
    serve(directory, &["--data".to_owned(), data.to_str().unwrap().to_owned()])
}

fn serve(directory: &Path, args: &[String]) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(directory.join("log")).unwrap();
    let mut command = Command::new(BINARY);
    if !args.iter().any(|arg| arg == "--data") {
        command.env("EDGESYNC_DATA", directory.join("data"));
    }
    command
        .arg("serve")
        .args(["--listen", "127.0.0.1:0"])
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn spawn(directory: &Path, args: &[String]) -> (Child, SocketAddr, Arc<Mutex<Vec<String>>>) {
    let mut child = serve(directory, args);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = within("the ready line", async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once("http://") {
                let address: String =
                    rest.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
                return address.parse().expect("the ready line carries an address");
            }
        }
        let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
        panic!("the server ended before it was ready:\n{log}");
    })
    .await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            sink.lock().unwrap().push(line);
        }
    });
    (child, address, said)
}
