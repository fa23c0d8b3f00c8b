//! A build without the feature `rerun`: nothing is drawn, and who asks for it is told.

use std::path::Path;

use crate::config::{Site, Vehicle};
use crate::output::drawing::Target;
use crate::replay::Sink;

/// What draws: there is none.
pub enum Rerun {}

impl Sink for Rerun {}

/// What draws, and what becomes of it.
#[derive(Default)]
pub struct Drawing {
    /// Never there.
    pub sink: Option<Rerun>,
}

impl Drawing {
    /// Can't begin.
    ///
    /// # Errors
    /// Always.
    pub(in crate::cli) fn begin(
        _: &Target,
        _: (&Site, &Vehicle),
        _: &Path,
        _with_map: bool,
        _is_live: bool,
    ) -> anyhow::Result<Self> {
        anyhow::bail!(
            "--rerun: this build can't draw. Build it with the feature: \
             cargo run --release --features rerun -- replay ..."
        )
    }

    /// Nothing to end.
    pub fn end(self, _is_stopped: impl Fn() -> bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_to_build_one_that_can() {
        let target: Target = "out.rrd".parse().unwrap();
        let vehicle: Vehicle = toml::from_str("").unwrap();
        let files = (&Site::default(), &vehicle);
        let refused = Drawing::begin(&target, files, Path::new(""), false, false).err();
        let told = refused.map(|refused| refused.to_string());
        assert!(told.is_some_and(|told| told.contains("--features rerun")));
    }
}
