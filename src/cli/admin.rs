//! `edgesync admin`: what the operator of an installation does to its accounts. Works on the data directory or the
//! database, beside a running server or without one.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use edgesync_schemas::entity::name_of;
use edgesync_schemas::entity::user::{SubscriptionType, User};
use edgesync_storage::catalog::{Catalog, Error, Slice};
use edgesync_storage::postgres::Server;

use crate::config::{Config, Flags, Secret};

/// Options of `edgesync admin`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The server's data directory; where the server's configuration says, if not given.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// URL of the server's PostgreSQL database; where the server's configuration says, if not given.
    #[arg(long, global = true, value_name = "URL", conflicts_with = "data")]
    database_url: Option<Secret>,
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
/// The configuration is wrong, there is no catalog, or no such account.
pub fn run(args: Args) -> Result<()> {
    let only_data = args.data.is_some();
    let flags =
        Flags { data: args.data, database_url: args.database_url, config: args.config, ..Flags::default() };
    let mut config = Config::load(&flags).map_err(|problems| anyhow!(problems.join("\n")))?;
    if only_data {
        // Who names a directory means it, whatever the server is told elsewhere.
        config.database = None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let catalog = open(&config).await?;
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

/// Opens the catalog that is there. It makes none, which is never what was meant.
async fn open(config: &Config) -> Result<Catalog> {
    if let Some(target) = &config.database {
        let server = Server::open(target).await.context("the database")?;
        if !Catalog::is_in(&server).await.context("the catalog")? {
            bail!("there is no catalog in {target}: is this the server's database?");
        }
        return Catalog::open_postgres(&server).await.context("the catalog");
    }
    let path = config.data.join("catalog.db");
    if !path.is_file() {
        bail!("there is no catalog at {}: is --data the server's data directory?", path.display());
    }
    Catalog::open(&path).with_context(|| format!("catalog {} cannot be opened", path.display()))
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
