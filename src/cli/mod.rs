//! The program: one file a subcommand.

mod calibrate;
mod campaign;
mod campaign_table;
mod check;
mod convert;
mod demo;
mod draw;
mod evaluate;
mod explain;
mod gates;
mod outcome;
mod plans;
mod play;
mod replay;
mod resume;
#[cfg(feature = "live")]
mod run;
mod schema;
mod simulate;
mod summary;
mod two_files;

use std::process::ExitCode;

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
    Calibrate(calibrate::Calibrate),
    Campaign(campaign::Campaign),
    Check(check::Check),
    Convert(convert::Convert),
    Demo(demo::Demo),
    Evaluate(evaluate::Evaluate),
    Explain(explain::Explain),
    Play(play::Play),
    Replay(replay::Replay),
    #[cfg(feature = "live")]
    Run(run::Run),
    Schema(schema::Schema),
    Simulate(simulate::Simulate),
}

impl Cli {
    /// Runs what was asked for; the code is the process's exit code.
    ///
    /// # Errors
    /// What the subcommand could not do, with its context.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Calibrate(calibrate) => Ok(calibrate.run()),
            Command::Campaign(campaign) => Ok(campaign.run()),
            Command::Check(check) => check.run(),
            Command::Convert(convert) => convert.run(),
            Command::Demo(demo) => Ok(demo.run()),
            Command::Evaluate(evaluate) => Ok(evaluate.run()),
            Command::Explain(explain) => Ok(explain.run()),
            Command::Play(play) => play.run(),
            Command::Replay(replay) => Ok(replay.run()),
            #[cfg(feature = "live")]
            Command::Run(run) => Ok(run.run()),
            Command::Schema(schema) => schema.run(),
            Command::Simulate(simulate) => simulate.run(),
        }
    }
}
