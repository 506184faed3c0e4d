//! `edgesync move`: a whole installation into an empty place, and on with it after an interruption.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Result, anyhow};
use edgesync_storage::transfer::{self, Place};

use super::progress::Line;

/// Options of `edgesync move`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The installation to move: a data directory, or the URL of a PostgreSQL database as `serve` takes it. No server may run on it. A
    /// URL with a password had better stand in the variable EDGESYNC_MOVE_FROM: others on the machine can read a command line.
    #[arg(long, value_name = "DIR|URL", env = "EDGESYNC_MOVE_FROM", hide_env = true)]
    from: Hidden,
    /// Where to: a directory or a database that is empty (a directory need not be there), or what an interrupted move left. A URL
    /// with a password had better stand in EDGESYNC_MOVE_TO.
    #[arg(long, value_name = "DIR|URL", env = "EDGESYNC_MOVE_TO", hide_env = true)]
    to: Hidden,
}

/// Text that may have a password in it.
#[derive(Clone)]
struct Hidden(String);

impl FromStr for Hidden {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(not shown)")
    }
}

/// Moves, and says what was moved.
///
/// # Errors
/// See [`transfer::Error`].
pub fn run(args: Args) -> Result<()> {
    let places = (place("from", &args.from), place("to", &args.to));
    let (from, to) = match places {
        (Ok(from), Ok(to)) => (from, to),
        (from, to) => {
            let problems = [from.err(), to.err()].into_iter().flatten().flatten();
            return Err(anyhow!(problems.collect::<Vec<_>>().join("\n")));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut progress = Line::default();
    let started = Instant::now();
    let moved = runtime.block_on(transfer::run(&from, &to, &mut progress));
    progress.end();
    let moved = match moved {
        Err(transfer::Error::Moved) => {
            println!("moved before, and both are still equal: there is nothing left to do");
            return Ok(());
        }
        moved => moved?,
    };
    if let Some(readings) = moved.resumed {
        println!("went on with a move that was interrupted: {readings} readings were there already");
    }
    println!(
        "moved and compared: {} rows of the catalog, {} readings of {} series, {} rows that flows stored, in {:.1} s",
        moved.rows,
        moved.readings,
        moved.series,
        moved.derived,
        started.elapsed().as_secs_f64()
    );
    println!("the source is as it was; remove it when the target serves");
    Ok(())
}

fn place(option: &str, text: &Hidden) -> Result<Place, Vec<String>> {
    let told = |problem: String| format!("{option}: {problem}");
    Place::parse(&text.0).map_err(|problems| problems.into_iter().map(told).collect())
}
