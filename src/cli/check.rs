//! `edgesync check`: looks through everything that is stored and says what is wrong with it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use edgesync_storage::check::Report;
use edgesync_storage::{catalog, log};

use super::progress::Line;
use crate::config::{Config, Flags};

/// Options of `edgesync check`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The server's data directory; where the server's configuration says, if not given.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
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
    let flags = Flags { data: args.data, config: args.config, ..Flags::default() };
    let only_data = flags.data.is_some();
    let config = Config::load(&flags).map_err(|problems| anyhow!(problems.join("\n")))?;
    if config.database.is_some() && !only_data {
        bail!("this version checks data directories only: name one with --data");
    }
    let (catalog, readings) = (config.data.join("catalog.db"), config.data.join("readings"));
    if !catalog.is_file() || !readings.is_dir() {
        bail!(
            "there is no installation in {}: is --data the server's data directory?",
            config.data.display()
        );
    }
    let mut report = Report::default();
    let mut progress = Line::default();
    catalog::check(&catalog, &mut report, &mut progress);
    log::check(&readings, &mut report, &mut progress)
        .context("the reading log can only be checked while no server runs on it")?;
    progress.end();
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
        writeln!(out, "{}", if report.is_good() { "all is well" } else { "not all is well" })?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
