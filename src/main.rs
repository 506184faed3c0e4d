//! `edgesync`: reads the command line, starts what it names, turns its end into an exit code. No logic of its own.

mod app;
mod cli;
mod config;
mod demo;
mod simulate;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

// Allocation-heavy work on many threads: measured beside the system's allocator in benches/results.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::usage(&error),
    };
    match cli.command() {
        cli::Command::Serve(args) => app::run(args),
        cli::Command::Simulate(args) => cli::simulate(args),
        cli::Command::Admin(args) => cli::admin(args),
    }
}
