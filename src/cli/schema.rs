//! `wayfix schema`: the JSON Schema of a file, for editors.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::config::schema;

/// Print the JSON Schema of one of the two files, for completion and checks in an editor.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which file.
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    Site,
    Vehicle,
}

impl Schema {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let schema = match self.file {
            File::Site => schema::site(),
            File::Vehicle => schema::vehicle(),
        };
        println!("{}", serde_json::to_string_pretty(&schema)?);
        Ok(ExitCode::SUCCESS)
    }
}
