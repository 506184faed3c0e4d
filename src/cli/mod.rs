//! The command line.

pub mod admin;
pub mod check;
mod progress;
pub mod transfer;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{EXIT_CONFIG, Flags};
use crate::simulate;

/// EdgeSync: an IoT platform in one binary.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What `edgesync` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (the default).
    Serve(Box<ServeArgs>),
    /// Simulate a fleet of devices against a running server.
    Simulate(simulate::Args),
    /// Do what the API leaves to the operator: accounts, plans, tokens.
    Admin(admin::Args),
    /// Look through everything that is stored, and say what is wrong with it.
    Check(check::Args),
    /// Move an installation, catalog and readings, into an empty place, and compare both.
    Move(transfer::Args),
}

/// Options of `edgesync serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub flags: Flags,
    /// Make a demo organization with 20 devices, a flow and a dashboard, and feed it with simulated devices.
    #[arg(long)]
    pub demo: bool,
}

impl Cli {
    /// The command that was asked for.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Serve(Box::new(self.serve)))
    }
}

/// Runs `edgesync simulate`.
pub fn simulate(args: simulate::Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    runtime.block_on(simulate::run(args)).unwrap_or_else(|error| failed(&error))
}

/// Runs `edgesync admin`.
pub fn admin(args: admin::Args) -> ExitCode {
    match admin::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Runs `edgesync check`.
pub fn check(args: check::Args) -> ExitCode {
    check::run(args).unwrap_or_else(|error| failed(&error))
}

/// Runs `edgesync move`.
pub fn transfer(args: transfer::Args) -> ExitCode {
    match transfer::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says how the command line is wrong, which exits as a wrong configuration does; or what it asked for: help or the version.
pub fn usage(error: &clap::Error) -> ExitCode {
    // What cannot be printed has nobody to read it.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(EXIT_CONFIG) } else { ExitCode::SUCCESS }
}

/// Says what went wrong, with its causes.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("edgesync: {error:#}");
    ExitCode::FAILURE
}
