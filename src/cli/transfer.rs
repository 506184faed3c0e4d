//! `edgesync move`: a whole installation into an empty place, and on with it after an interruption.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use edgesync_storage::transfer;

use super::progress::Line;

/// Options of `edgesync move`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The installation to move: a data directory. No server may run on it.
    #[arg(long, value_name = "DIR")]
    from: String,
    /// Where to: a data directory that is empty or not there, or what an interrupted move left.
    #[arg(long, value_name = "DIR")]
    to: String,
}

/// Moves, and says what was moved.
///
/// # Errors
/// See [`transfer::Error`].
pub fn run(args: Args) -> Result<()> {
    for place in [&args.from, &args.to] {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            bail!("this version moves between directories only");
        }
    }
    let (from, to) = (PathBuf::from(args.from), PathBuf::from(args.to));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut progress = Line::default();
    let started = Instant::now();
    let moved = runtime.block_on(transfer::run(&from, &to, &mut progress));
    progress.end();
    let moved = match moved {
        Err(transfer::Error::Moved) => {
            println!("moved and compared before: there is nothing left to do");
            return Ok(());
        }
        moved => moved?,
    };
    println!(
        "moved and compared: {} rows of the catalog, {} readings of {} series, in {:.1} s",
        moved.rows,
        moved.readings,
        moved.series,
        started.elapsed().as_secs_f64()
    );
    println!("the source is as it was; remove it when the target serves");
    Ok(())
}
