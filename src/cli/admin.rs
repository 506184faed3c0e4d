//! `edgesync admin`: what the operator of an installation does to its accounts. Works on the data directory, beside a running
//! server or without one.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use edgesync_schemas::entity::name_of;
use edgesync_schemas::entity::user::{SubscriptionType, User};
use edgesync_storage::catalog::{Catalog, Error, Slice};

use crate::config::{Config, Flags};

/// Options of `edgesync admin`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The server's data directory; where the server's configuration says, if not given.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// The server's configuration file. Default: edgesync.toml, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Set what a user has paid for, and how many devices they may create. A running server knows at once.
    Plan {
        /// The account's e-mail address.
        email: String,
        /// The plan.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Plan,
        /// Devices that the user may create.
        #[arg(long, value_name = "N")]
        device_limit: u32,
    },
    /// List the accounts: address, plan, device limit, id.
    List,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Plan {
    Free,
    Freemium,
    Paid,
}

impl From<Plan> for SubscriptionType {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::Free => Self::Free,
            Plan::Freemium => Self::Freemium,
            Plan::Paid => Self::Paid,
        }
    }
}

/// Does what was asked and prints the outcome.
///
/// # Errors
/// The configuration is wrong, there is no catalog in the data directory, or no such account.
pub fn run(args: Args) -> Result<()> {
    let flags = Flags { data: args.data, config: args.config, ..Flags::default() };
    let config = Config::load(&flags).map_err(|problems| anyhow!(problems.join("\n")))?;
    let path = config.data.join("catalog.db");
    if !path.is_file() {
        // Opening would make an empty one, which is never what was meant.
        bail!("there is no catalog at {}: is --data the server's data directory?", path.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let catalog =
            Catalog::open(&path).with_context(|| format!("catalog {} cannot be opened", path.display()))?;
        let mut out = std::io::stdout().lock();
        match args.command {
            Command::Plan { email, kind, device_limit } => {
                // As accounts are kept: see `Email`.
                let email = email.trim().to_lowercase();
                let user = match catalog.set_plan(&email, kind.into(), device_limit).await {
                    Err(Error::NotFound { .. }) => bail!("there is no account {email}"),
                    user => user?,
                };
                line(&mut out, &user)?;
            }
            Command::List => {
                let mut slice = Slice::FIRST;
                loop {
                    let users = catalog.users(slice).await?;
                    for user in &users.items {
                        line(&mut out, user)?;
                    }
                    match users.next {
                        Some(after) => slice.after = Some(after),
                        None => break,
                    }
                }
            }
        }
        catalog.close().await;
        Ok(())
    })
}

fn line(out: &mut impl Write, user: &User) -> std::io::Result<()> {
    let profile = &user.profile;
    writeln!(
        out,
        "{}\t{}\t{}\t{}",
        user.email,
        name_of(&profile.subscription_type),
        profile.device_limit,
        user.id
    )
}
