//! A page that any browser opens without a network: frame, style, scripts and data are one file.
//!
//! What it shows is one JSON document in it (`<script id="data" type="application/json">`). The scripts
//! share charts, tables and a canvas of the site (`shared.js`).

mod plans;
pub mod series;
mod site;

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::OutputError;
pub use plans::{Plans, TooLarge};
pub(super) use site::value as site;

const FRAME: &str = include_str!("frame.html");
const STYLE: &str = include_str!("style.css");
const SHARED: &str = include_str!("shared.js");

/// What a kind of page consists of, beside its data.
pub(super) struct Kind {
    /// What it is, in a word.
    pub subject: &'static str,
    /// Ids of its sections, and what the navigation calls them.
    pub sections: &'static [(&'static str, &'static str)],
    /// The sections.
    pub body: &'static str,
    /// What fills it with `data`, behind `shared.js`.
    pub script: &'static str,
}

impl Kind {
    /// Writes a page.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&self, path: &Path, title: &str, data: &Value) -> Result<(), OutputError> {
        fs::write(path, self.html(title, data)).map_err(|source| OutputError {
            path: path.to_owned(),
            source,
        })
    }

    fn html(&self, title: &str, data: &Value) -> String {
        // "</script>" inside a text would end the element that holds the data.
        let data = data.to_string().replace("</", "<\\/");
        let title = title.replace('&', "&amp;").replace('<', "&lt;");
        let links = self
            .sections
            .iter()
            .map(|(id, name)| format!("<a href=\"#{id}\">{name}</a> "));
        FRAME
            .replace("{{subject}}", self.subject)
            .replace("{{sections}}", &links.collect::<String>())
            .replace("{{body}}", self.body)
            .replace("{{title}}", &title)
            .replace("{{style}}", STYLE)
            .replace("{{shared}}", SHARED)
            .replace("{{script}}", self.script)
            .replace("{{data}}", &data)
    }
}
