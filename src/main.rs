//! The `wayfix` program.

use clap::Parser;
use wayfix::cli::Cli;

fn main() -> anyhow::Result<()> {
    Cli::parse().run()
}
