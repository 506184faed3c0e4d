//! `edgesync`: reads the command line, starts what it names, turns its end into an exit code. No logic of its own.

mod app;
mod cli;
mod config;
mod demo;
mod setup;
mod simulate;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

// Batches are made on the sockets' threads and freed on the log's, which this allocator is built for. All recorded results are with it; the
// system's allocator was not measured beside it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error),
    };
    match cli.command() {
        cli::Command::Serve(args) => app::run(*args),
        cli::Command::Simulate(args) => cli::simulate(args),
        cli::Command::Admin(args) => cli::admin(args),
        cli::Command::Check(args) => cli::check(args),
        cli::Command::Move(args) => cli::transfer(args),
    }
}
