//! What the viewer shows at first (a blueprint): the site from above, plots at its right, modes and
//! the log below.
//!
//! Written into the viewer's own store, since the kit's own types for a layout set neither an eye nor
//! how long something stays visible.

use std::collections::BTreeSet;

use rerun::blueprint::components::{
    BackgroundKind, ContainerKind, MapProvider, PanelState, PlayState,
};
use rerun::datatypes::{TimeInt, TimeRange, TimeRangeBoundary, Uuid, VisibleTimeRange};
use rerun::external::re_log_types::BlueprintActivationCommand;
use rerun::external::re_sdk_types::blueprint::archetypes::{
    Background, ContainerBlueprint, EyeControls3D, MapBackground, PanelBlueprint, PlotLegend,
    TimePanelBlueprint, ViewBlueprint, ViewContents, ViewportBlueprint, VisibleTimeRanges,
};
use rerun::log::LogMsg;
use rerun::{AsComponents, RecordingStream, RecordingStreamBuilder, RecordingStreamResult};

use wayfix_sensors::{Kind, Name};

use super::extent::Extent;
use super::{APPLICATION, ENGINE_TIME, RECEIVED, colour};

/// How long a measurement stays visible \[ns\].
const MEASUREMENT_NS: i64 = 500_000_000;

/// What has been heard of, and so has a plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Source and kind of reading, of which innovations were drawn.
    pub innovations: BTreeSet<(Name, Kind)>,
    /// ... of which something was drawn on the site.
    pub measurements: BTreeSet<(Name, Kind)>,
    /// Parameters by what they mean.
    pub parameters: BTreeSet<String>,
    /// There is truth.
    pub truth: bool,
}

/// Sends the layout; `number` says which of this run it is.
pub fn send(
    to: &RecordingStream,
    shown: &Shown,
    extent: &Extent,
    map: bool,
    number: u16,
) -> RecordingStreamResult<()> {
    let (stream, storage) = RecordingStreamBuilder::new(APPLICATION)
        .blueprint()
        .memory()?;
    stream.set_time_sequence("blueprint", 0);
    let mut writer = Writer {
        stream,
        number,
        made: 0,
    };
    writer.write(shown, extent, map)?;
    let messages = storage.take();
    let store = messages.iter().find_map(|message| match message {
        LogMsg::SetStoreInfo(info) => Some(info.info.store_id.clone()),
        _ => None,
    });
    if let Some(store) = store {
        to.send_blueprint(messages, BlueprintActivationCommand::make_active(store));
    }
    Ok(())
}

struct Writer {
    stream: RecordingStream,
    number: u16,
    made: u32,
}

impl Writer {
    fn write(&mut self, shown: &Shown, extent: &Extent, map: bool) -> RecordingStreamResult<()> {
        let mut places = vec![self.site(shown, extent)?];
        if map {
            places.push(self.map()?);
        }
        let place = self.tabs(&places)?;
        let plots = self.plots(shown)?;
        let above = self.container(ContainerKind::Horizontal, &[place, plots], &[3.0, 2.0])?;
        let modes = self.view("StateTimeline", "Mode", &["/mode/**"])?;
        let log = self.view("TextLog", "Log", &["/log/**"])?;
        let below = self.container(ContainerKind::Horizontal, &[log, modes], &[3.0, 2.0])?;
        let root = self.container(ContainerKind::Vertical, &[above, below], &[4.0, 1.0])?;
        let viewport = ViewportBlueprint::new()
            .with_root_container(Uuid::from(root.id))
            .with_auto_layout(false)
            .with_auto_views(false);
        self.stream.log("viewport", &viewport)?;
        for panel in ["blueprint_panel", "selection_panel"] {
            let hidden = PanelBlueprint::new().with_state(PanelState::Hidden);
            self.stream.log(panel, &hidden)?;
        }
        let time = TimePanelBlueprint::new()
            .with_state(PanelState::Collapsed)
            .with_timeline(ENGINE_TIME)
            .with_play_state(PlayState::Following);
        self.stream.log("time_panel", &time)
    }

    fn site(&mut self, shown: &Shown, extent: &Extent) -> RecordingStreamResult<Part> {
        let contents = [
            "/site/**",
            "/trail/**",
            "/vehicle/**",
            "/estimate/**",
            "/measurements/**",
            "/resets/**",
        ];
        let view = self.view("3D", "Site", &contents)?;
        if let Some((target, eye)) = extent.eye() {
            let controls = EyeControls3D::new()
                .with_position(super::site::xyz(eye))
                .with_look_target(super::site::xyz(target))
                .with_eye_up([0.0, 1.0, 0.0]);
            self.property(&view, "EyeControls3D", &controls)?;
        }
        // A path says nothing of those under it.
        for lasting in ["trail/estimate", "trail/truth", "trail/smoothed", "resets"] {
            self.keep(&view, lasting, TimeRangeBoundary::Infinite)?;
        }
        for (source, kind) in &shown.measurements {
            let at = format!("measurements/{}/{}", escaped(source), kind.name());
            let start = match kind {
                // Places make a track of their own.
                Kind::GnssPosition | Kind::Position | Kind::Pose => TimeRangeBoundary::Infinite,
                _ => TimeRangeBoundary::CursorRelative(TimeInt(-MEASUREMENT_NS)),
            };
            self.keep(&view, &at, start)?;
        }
        let ground = Background::new(BackgroundKind::SolidColor).with_color(colour::GROUND);
        self.property(&view, "Background", &ground)?;
        Ok(view)
    }

    fn map(&mut self) -> RecordingStreamResult<Part> {
        let view = self.view("Map", "Map", &["/map/**"])?;
        self.property(
            &view,
            "MapBackground",
            &MapBackground::new(MapProvider::OpenStreetMap),
        )?;
        for lasting in ["map/estimate", "map/fix"] {
            self.keep(&view, lasting, TimeRangeBoundary::Infinite)?;
        }
        Ok(view)
    }

    fn plots(&mut self, shown: &Shown) -> RecordingStreamResult<Part> {
        let title = match shown.truth {
            true => "Error, sigma, protection level [m]",
            false => "Sigma, protection level [m]",
        };
        let accuracy = self.view("TimeSeries", title, &["/accuracy/**"])?;
        let mut parts = vec![accuracy];
        let mut shares = vec![2.0];
        let mut sources = Vec::new();
        for (source, kind) in &shown.innovations {
            let kind = kind.name();
            let under = |group: &str| format!("/{group}/{}/{kind}/**", escaped(source));
            let innovation =
                self.view("TimeSeries", "Innovation and gate", &[&under("innovation")])?;
            let nis = self.view("TimeSeries", "NIS and gate", &[&under("nis")])?;
            // Their names say it, and it would lie on the points.
            let hidden = PlotLegend::new().with_visible(false);
            for view in [&innovation, &nis] {
                self.property(view, "PlotLegend", &hidden)?;
            }
            let both = self.container(ContainerKind::Vertical, &[innovation, nis], &[1.0, 1.0])?;
            sources.push(self.named(both, &format!("{source} {kind}").replace('_', " "))?);
        }
        if !sources.is_empty() {
            parts.push(self.tabs(&sources)?);
            shares.push(3.0);
        }
        let mut slow = Vec::new();
        for meaning in &shown.parameters {
            let under = format!("/parameters/{}/**", escaped(meaning));
            slow.push(self.view("TimeSeries", &meaning.replace('_', " "), &[&under])?);
        }
        slow.push(self.view("TimeSeries", "Rates [Hz]", &["/rate/**"])?);
        parts.push(self.tabs(&slow)?);
        shares.push(2.0);
        self.container(ContainerKind::Vertical, &parts, &shares)
    }

    fn view(&mut self, class: &str, name: &str, contents: &[&str]) -> RecordingStreamResult<Part> {
        let id = self.id();
        let part = Part {
            id,
            path: format!("view/{}", text(id)),
        };
        let queries = ViewContents::new(contents.iter().copied());
        self.stream
            .log(format!("{}/ViewContents", part.path), &queries)?;
        let view = ViewBlueprint::new(class)
            .with_display_name(name)
            .with_space_origin("/");
        self.stream.log(part.path.as_str(), &view)?;
        Ok(part)
    }

    fn property(
        &self,
        view: &Part,
        name: &str,
        what: &impl AsComponents,
    ) -> RecordingStreamResult<()> {
        self.stream.log(format!("{}/{name}", view.path), what)
    }

    /// What was drawn at a path is shown from then on to the time that is looked at.
    fn keep(
        &self,
        view: &Part,
        entity: &str,
        start: TimeRangeBoundary,
    ) -> RecordingStreamResult<()> {
        let range = TimeRange {
            start,
            end: TimeRangeBoundary::AT_CURSOR,
        };
        let ranges = [ENGINE_TIME, RECEIVED].map(|timeline| VisibleTimeRange {
            timeline: timeline.into(),
            range,
        });
        let path = format!("{}/ViewContents/overrides/{entity}/visualizers", view.path);
        self.stream.log(path, &VisibleTimeRanges::new(ranges))
    }

    /// The first is in front.
    fn tabs(&mut self, parts: &[Part]) -> RecordingStreamResult<Part> {
        let tabs = ContainerBlueprint::new(ContainerKind::Tabs);
        let tabs = match parts.first() {
            Some(part) => tabs.with_active_tab(part.path.as_str()),
            None => tabs,
        };
        self.contain(tabs, parts)
    }

    fn container(
        &mut self,
        kind: ContainerKind,
        parts: &[Part],
        shares: &[f32],
    ) -> RecordingStreamResult<Part> {
        let container = ContainerBlueprint::new(kind);
        let container = match kind {
            ContainerKind::Horizontal => container.with_col_shares(shares.iter().copied()),
            _ => container.with_row_shares(shares.iter().copied()),
        };
        self.contain(container, parts)
    }

    fn contain(
        &mut self,
        container: ContainerBlueprint,
        parts: &[Part],
    ) -> RecordingStreamResult<Part> {
        let id = self.id();
        let part = Part {
            id,
            path: format!("container/{}", text(id)),
        };
        let contents = parts.iter().map(|part| part.path.as_str());
        self.stream
            .log(part.path.as_str(), &container.with_contents(contents))?;
        Ok(part)
    }

    fn named(&self, part: Part, name: &str) -> RecordingStreamResult<Part> {
        let named = ContainerBlueprint::update_fields().with_display_name(name);
        self.stream.log(part.path.as_str(), &named)?;
        Ok(part)
    }

    fn id(&mut self) -> [u8; 16] {
        self.made += 1;
        let mut id = *b"wayfix\x40\0\x80\0\0\0\0\0\0\0";
        // The viewer keeps what it knows of a view by its id, in one layout after the other.
        id[10..12].copy_from_slice(&self.number.to_be_bytes());
        id[12..].copy_from_slice(&self.made.to_be_bytes());
        id
    }
}

/// A view or a container.
struct Part {
    id: [u8; 16],
    path: String,
}

fn text(id: [u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A part of a path as queries spell it.
fn escaped(part: &str) -> String {
    rerun::EntityPathPart::new(part).escaped_string()
}
