//! Where a run is drawn with Rerun: what `--rerun WHERE` says, whether the build can draw or not.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the viewer listens that `rerun` starts.
const VIEWER: &str = "127.0.0.1:9876";
/// Where this program serves a viewer of its own.
const PAGE: &str = "127.0.0.1:9090";

/// A file, a viewer that is running, or one for a browser that this program serves.
///
/// ```
/// use wayfix::output::drawing::Target;
/// assert_eq!("out.rrd".parse(), Ok(Target::File("out.rrd".into())));
/// assert_eq!("connect".parse(), Ok(Target::Viewer("127.0.0.1:9876".to_owned())));
/// assert_eq!("connect=hall:9876".parse(), Ok(Target::Viewer("hall:9876".to_owned())));
/// assert_eq!("serve".parse(), Ok(Target::Page("127.0.0.1:9090".parse()?)));
/// assert!("out.png".parse::<Target>().unwrap_err().contains(".rrd"));
/// assert!("connect=hall".parse::<Target>().unwrap_err().contains("HOST:PORT"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A recording (.rrd).
    File(PathBuf),
    /// A viewer, as host:port.
    Viewer(String),
    /// A viewer that is served as a page; its data come from port 9876 of the same address.
    Page(SocketAddr),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, address) = match text.split_once('=') {
            Some((word, address)) => (word, Some(address)),
            None => (text, None),
        };
        match word {
            "connect" => viewer(address.unwrap_or(VIEWER)),
            "serve" => page(address.unwrap_or(PAGE)),
            _ => file(text),
        }
    }
}

fn viewer(address: &str) -> Result<Target, String> {
    let port = address
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) if !address.contains('/') => Ok(Target::Viewer(address.to_owned())),
        _ => Err(format!(
            "{address:?} is no address of a viewer: expected connect=HOST:PORT, as in connect={VIEWER}"
        )),
    }
}

fn page(address: &str) -> Result<Target, String> {
    address.parse().map(Target::Page).map_err(|_| {
        format!("{address:?} is no address to serve at: expected serve=IP:PORT, as in serve={PAGE}")
    })
}

fn file(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let is_recording = path.extension().is_some_and(|end| end == "rrd");
    match is_recording && path.file_stem().is_some() {
        true => Ok(Target::File(path)),
        false => Err(
            "expected a file that ends in .rrd, connect (a running viewer), connect=HOST:PORT, serve (a \
             viewer for the browser), or serve=IP:PORT"
                .to_owned(),
        ),
    }
}
