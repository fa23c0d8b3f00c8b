//! Where a run is drawn with Rerun: what `--rerun WHERE` says, whether the build can draw or not.

use std::path::PathBuf;
use std::str::FromStr;

/// Where the viewer listens that `rerun` starts.
const VIEWER: &str = "127.0.0.1:9876";

/// A file, or a viewer that is running.
///
/// ```
/// use wayfix::output::drawing::Target;
/// assert_eq!("out.rrd".parse(), Ok(Target::File("out.rrd".into())));
/// assert_eq!("connect".parse(), Ok(Target::Viewer("127.0.0.1:9876".to_owned())));
/// assert_eq!("connect=hall:9876".parse(), Ok(Target::Viewer("hall:9876".to_owned())));
/// assert!("out.png".parse::<Target>().unwrap_err().contains(".rrd"));
/// assert!("connect=hall".parse::<Target>().unwrap_err().contains("HOST:PORT"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A recording (.rrd).
    File(PathBuf),
    /// A viewer, as host:port.
    Viewer(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("connect") {
            let address = match rest.strip_prefix('=') {
                Some(address) => address,
                None if rest.is_empty() => VIEWER,
                None => return by_ending(text),
            };
            let port = address
                .rsplit_once(':')
                .map(|(_, port)| port.parse::<u16>());
            return match port {
                Some(Ok(_)) if !address.contains('/') => Ok(Self::Viewer(address.to_owned())),
                _ => Err(format!(
                    "{address:?} is no address of a viewer: expected connect=HOST:PORT, as in connect={VIEWER}"
                )),
            };
        }
        by_ending(text)
    }
}

fn by_ending(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let is_recording = path.extension().is_some_and(|end| end == "rrd");
    match is_recording && path.file_stem().is_some() {
        true => Ok(Target::File(path)),
        false => Err(
            "expected a file that ends in .rrd, or connect, or connect=HOST:PORT of a running viewer"
                .to_owned(),
        ),
    }
}
