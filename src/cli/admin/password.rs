//! Passwords of `edgesync admin`: asked for on a terminal, read from a pipe, or made up. Never an argument: the list of processes shows
//! arguments to everybody.

use std::io::{BufRead, IsTerminal, Write};
use std::process::Command;

use anyhow::{Result, anyhow, bail};
use edgesync_schemas::entity::input::Problem;

/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
/// 5 bits each: as much as a 100-bit key.
const LENGTH: usize = 20;

/// The password, and the same if it is to be shown because nobody has seen it yet.
///
/// # Errors
/// There is none, or what was typed twice differs.
pub fn get(generate: bool) -> Result<(String, Option<String>)> {
    if generate {
        let made = generate_one()?;
        return Ok((made.clone(), Some(made)));
    }
    let password = if std::io::stdin().is_terminal() {
        let first = ask("New password: ")?;
        if ask("Again: ")? != first {
            bail!("the two passwords differ");
        }
        first
    } else {
        read_line()?
    };
    if password.is_empty() { Err(anyhow!("there is no password on stdin")) } else { Ok((password, None)) }
}

/// Prints a password that was made up: the only time it is seen.
///
/// # Errors
/// Of the output.
pub fn show(out: &mut impl Write, password: Option<&str>) -> std::io::Result<()> {
    password.map_or(Ok(()), |password| writeln!(out, "password: {password}"))
}

/// Problems in one line.
pub fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {}", problem.pointer.trim_start_matches('/'), problem.message))
        .collect();
    told.join("; ")
}

fn generate_one() -> Result<String> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// Asks on the terminal, with its echo off for as long as `stty` knows how.
fn ask(question: &str) -> Result<String> {
    eprint!("{question}");
    let is_silent = Command::new("stty").arg("-echo").status().is_ok_and(|status| status.success());
    let typed = read_line();
    if is_silent {
        let _ = Command::new("stty").arg("echo").status();
        eprintln!();
    }
    typed
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
