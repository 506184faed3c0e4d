//! `edgesync admin`: what the operator of an installation does to its accounts and devices. Works on the data directory or the
//! database, beside a running server, which notices, or without one.

mod list;
mod password;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use edgesync_api::password::Passwords;
use edgesync_schemas::entity::name_of;
use edgesync_schemas::entity::user::{Email, Signup, SubscriptionType, User};
use edgesync_schemas::id::DeviceId;
use edgesync_storage::catalog::{Catalog, Error};
use edgesync_storage::postgres::Server;
use serde_json::json;

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
    /// Make an account, also where signup is closed.
    CreateUser {
        /// The account's e-mail address.
        email: String,
        /// The person's name. Default: the address up to the @.
        #[arg(long)]
        name: Option<String>,
        /// Make a password up and print it. Without it the password is asked for, or read from stdin.
        #[arg(long)]
        generate: bool,
    },
    /// Give an account another password and end its sessions.
    ResetPassword {
        /// The account's e-mail address.
        email: String,
        /// Make a password up and print it. Without it the password is asked for, or read from stdin.
        #[arg(long)]
        generate: bool,
    },
    /// Keep an account from logging in, and end its sessions and API tokens. A running server knows within seconds.
    Disable {
        /// The account's e-mail address.
        email: String,
    },
    /// Let a disabled account log in again. Its sessions and API tokens stay ended.
    Enable {
        /// The account's e-mail address.
        email: String,
    },
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
    /// Give a device a new token and print it. The old one ends; a running server knows within seconds.
    Rotate {
        /// The device's id.
        device: DeviceId,
    },
    /// List what there is.
    List {
        /// Of which kind.
        #[arg(default_value = "users")]
        what: list::What,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
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
/// The configuration is wrong, there is no catalog, or no such account or device.
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
        let done = act(&catalog, args.command).await;
        catalog.close().await;
        done
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

async fn act(catalog: &Catalog, command: Command) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::CreateUser { email, name, generate } => {
            let (password, shown) = password::get(generate)?;
            let mut body = json!({"email": email, "password": password});
            if let Some(name) = name {
                body["name"] = name.into();
            }
            let signup = Signup::read(body).map_err(|problems| anyhow!(password::told(&problems)))?;
            let hash = hash(signup.password).await?;
            let user = match catalog.create_user(signup.email.as_str(), &signup.name, hash).await {
                Err(Error::Conflict { .. }) => bail!("there is an account {} already", signup.email),
                user => user?,
            };
            line(&mut out, &user)?;
            password::show(&mut out, shown.as_deref())?;
        }
        Command::ResetPassword { email, generate } => {
            let email = folded(&email)?;
            let (password, shown) = password::get(generate)?;
            let password = password.parse().map_err(|wrong| anyhow!("password {wrong}"))?;
            let hash = hash(password).await?;
            let user = match catalog.reset_password(email.as_str(), hash).await {
                Err(Error::NotFound { .. }) => bail!("there is no account {email}"),
                user => user?,
            };
            line(&mut out, &user)?;
            password::show(&mut out, shown.as_deref())?;
        }
        Command::Disable { email } => set_active(catalog, &email, false, &mut out).await?,
        Command::Enable { email } => set_active(catalog, &email, true, &mut out).await?,
        Command::Plan { email, kind, device_limit } => {
            let email = folded(&email)?;
            let user = match catalog.set_plan(email.as_str(), kind.into(), device_limit).await {
                Err(Error::NotFound { .. }) => bail!("there is no account {email}"),
                user => user?,
            };
            line(&mut out, &user)?;
        }
        Command::Rotate { device } => match catalog.replace_device_token(device).await {
            Err(Error::NotFound { .. }) => bail!("there is no device {device}"),
            token => writeln!(out, "{}", token?.reveal())?,
        },
        Command::List { what, json } => list::print(catalog, what, json, &mut out).await?,
    }
    Ok(())
}

async fn set_active(catalog: &Catalog, email: &str, is_active: bool, out: &mut impl Write) -> Result<()> {
    let email = folded(email)?;
    match catalog.set_user_active(email.as_str(), is_active).await {
        Err(Error::NotFound { .. }) => bail!("there is no account {email}"),
        user => line(out, &user?)?,
    }
    Ok(())
}

/// As accounts are kept.
fn folded(email: &str) -> Result<Email> {
    email.parse().map_err(|wrong| anyhow!("{email:?} {wrong}"))
}

async fn hash(password: edgesync_schemas::entity::user::Password) -> Result<String> {
    let hashed = Passwords::default().hash(password).await;
    hashed.map_err(|_| anyhow!("the password could not be hashed"))
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
