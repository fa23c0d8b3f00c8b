//! The program: one file a subcommand.

pub mod convert;

use clap::{Parser, Subcommand};

/// Indoor/outdoor positioning: one filter over every source.
#[derive(Debug, Parser)]
#[command(name = "wayfix", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Convert(convert::Convert),
}

impl Cli {
    /// Runs what was asked for.
    ///
    /// # Errors
    /// What the subcommand could not do, with its context.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Convert(convert) => convert.run(),
        }
    }
}
