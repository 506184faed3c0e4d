//! `edgesync check`: looks through everything that is stored and says what is wrong with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use edgesync_storage::catalog::{self, Catalog};
use edgesync_storage::check::Report;
use edgesync_storage::log;
use edgesync_storage::postgres::{Server, Target};

use super::progress::Line;
use crate::config::{Config, Flags, Secret};

/// Options of `edgesync check`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The server's data directory; where the server's configuration says, if not given.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// URL of the server's PostgreSQL database; where the server's configuration says, if not given.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    database_url: Option<Secret>,
    /// The server's configuration file. Default: edgesync.toml, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Report as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Looks, and prints the report. The exit code is 1 if something is wrong.
///
/// # Errors
/// There is nothing to look at, or a server runs on it.
pub fn run(args: Args) -> Result<ExitCode> {
    let only_data = args.data.is_some();
    let flags =
        Flags { data: args.data, database_url: args.database_url, config: args.config, ..Flags::default() };
    let config = Config::load(&flags).map_err(|problems| anyhow!(problems.join("\n")))?;
    let mut report = Report::default();
    let mut progress = Line::default();
    // Who names a directory means it, whatever the server is told elsewhere.
    let looked = match &config.database {
        Some(target) if !only_data => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(database(target, &mut report, &mut progress)),
        _ => directory(&config.data, &mut report, &mut progress),
    };
    progress.end();
    looked?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        for (kind, count) in &report.looked_at {
            writeln!(out, "{count:>12} {kind}")?;
        }
        for problem in &report.problems {
            writeln!(out, "wrong: {problem}")?;
        }
        if report.more_problems > 0 {
            writeln!(out, "and {} more", report.more_problems)?;
        }
        for note in &report.notes {
            writeln!(out, "note: {note}")?;
        }
        writeln!(out, "{}", if report.is_good() { "all is well" } else { "not all is well" })?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const IN_USE: &str = "the reading log can only be checked while no server runs on it";

fn directory(data: &Path, report: &mut Report, progress: &mut Line) -> Result<()> {
    let (catalog, readings) = (data.join("catalog.db"), data.join("readings"));
    if !catalog.is_file() || !readings.is_dir() {
        bail!("there is no installation in {}: is --data the server's data directory?", data.display());
    }
    catalog::check(&catalog, report, progress);
    log::check(&readings, report, progress).context(IN_USE)
}

async fn database(target: &Target, report: &mut Report, progress: &mut Line) -> Result<()> {
    let server = Server::open_for_tool(target).await.context("the database")?;
    if !Catalog::is_in(&server).await.context("the catalog")? {
        bail!("there is no installation in {target}: is this the server's database?");
    }
    catalog::check_postgres(&server, report, progress).await.context("the catalog")?;
    match log::check_postgres(&server, report, progress).await {
        Err(error @ log::Error::Held(_)) => return Err(error).context(IN_USE),
        checked => checked.context("the reading log")?,
    }
    catalog::check_devices(&server, report).await.context("the catalog")
}
