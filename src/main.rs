//! The `wayfix` program.

use std::process::ExitCode;

use clap::Parser;
use wayfix::cli::Cli;

fn main() -> anyhow::Result<ExitCode> {
    Cli::parse().run()
}
