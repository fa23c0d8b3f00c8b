//! What does not move: drawn once.

use nalgebra::{UnitQuaternion, Vector3};
use rerun::components::FillMode;
use rerun::{
    Arrows3D, Boxes3D, Color, Cylinders3D, LineStrips3D, Points3D, Radius, ViewCoordinates,
};

use super::colour;
use super::extent::Extent;
use super::pen::{Pen, path};
use crate::config::Site;
use crate::config::site::{Portal, ZoneKind};
use crate::engine::Setup;

/// With more points of a kind than this, a label is shown when the pointer is on its point.
const MOST_LABELS: usize = 12;
/// Length of the arrows that show a grid or a direction \[m\].
const ARROW_M: f64 = 3.0;

/// Single precision, as the viewer has it.
pub fn xyz(p: Vector3<f64>) -> [f32; 3] {
    [p.x as f32, p.y as f32, p.z as f32]
}

/// A rotation, as the viewer has it.
pub fn turn(q: &UnitQuaternion<f64>) -> rerun::Quaternion {
    rerun::Quaternion::from_xyzw([q.i as f32, q.j as f32, q.k as f32, q.w as f32])
}

/// Width of points and lines on the screen.
pub fn width(points: f32) -> Radius {
    Radius::new_ui_points(points)
}

/// Flat circles.
pub fn circles(of: impl IntoIterator<Item = (Vector3<f64>, f64)>) -> Cylinders3D {
    let (centres, radii): (Vec<_>, Vec<_>) = (of.into_iter())
        .map(|(centre, radius_m)| (xyz(centre), radius_m as f32))
        .unzip();
    Cylinders3D::from_lengths_and_radii(vec![0.0_f32; radii.len()], radii)
        .with_centers(centres)
        .with_fill_mode(FillMode::MajorWireframe)
}

struct Named {
    id: String,
    p_n: Vector3<f64>,
}

/// Draws all of it, and how far it reaches.
pub fn draw(pen: &mut Pen, site: &Site, setup: &Setup) -> Extent {
    pen.draw_once("/", &ViewCoordinates::RIGHT_HAND_Z_UP());
    let mut extent = Extent::default();
    let of = |id: &str, position_m: [f64; 3]| Named {
        id: id.to_owned(),
        p_n: site.in_frame(position_m),
    };
    let all = |points: &mut dyn Iterator<Item = (&String, [f64; 3])>| -> Vec<Named> {
        points.map(|(id, p)| of(id, p)).collect()
    };
    let anchors = all(&mut site.anchors.iter().map(|a| (&a.id, a.position_m)));
    let beacons = all(&mut site.beacons.iter().map(|b| (&b.id, b.position_m)));
    let landmarks = all(&mut site.landmarks.iter().map(|l| (&l.id, l.position_m)));
    let markers = all(&mut site.markers.iter().map(|m| (&m.id, m.position_m)));
    let portals = all(&mut site.portals.iter().map(|p| (&p.id, p.position_m)));
    for (name, points, colour) in [
        ("anchors", &anchors, colour::ANCHOR),
        ("beacons", &beacons, colour::BEACON),
        ("landmarks", &landmarks, colour::LANDMARK),
        ("markers", &markers, colour::MARKER),
        ("portals", &portals, colour::PORTAL),
    ] {
        points.iter().for_each(|p| extent.reach(p.p_n));
        if !points.is_empty() {
            pen.draw_once(path(["site", name]), &labelled(points, colour));
        }
    }
    squares(pen, setup, &markers);
    openings(pen, site);
    zones(pen, site, &mut extent);
    if let Some(grid) = site.grid {
        let origin = site.in_frame([0.0; 3]);
        let axis = |p: [f64; 3]| site.in_frame(p) - origin;
        let arrows = Arrows3D::from_vectors([
            xyz(axis([ARROW_M, 0.0, 0.0])),
            xyz(axis([0.0, ARROW_M, 0.0])),
        ])
        .with_origins([xyz(origin); 2])
        .with_colors([colour::BAND])
        .with_radii([width(1.0)])
        .with_labels([format!("grid x, {:.1} deg", grid.yaw_deg), "grid y".into()]);
        pen.draw_once("site/grid", &arrows);
    }
    extent
}

fn labelled(points: &[Named], colour: Color) -> Points3D {
    Points3D::new(points.iter().map(|p| xyz(p.p_n)))
        .with_labels(points.iter().map(|p| p.id.clone()))
        .with_show_labels(points.len() <= MOST_LABELS)
        .with_colors([colour])
        .with_radii([width(4.0)])
}

/// Markers in their true size and attitude.
fn squares(pen: &mut Pen, setup: &Setup, markers: &[Named]) {
    let known = || markers.iter().filter_map(|m| setup.markers.get(&m.id));
    if known().next().is_none() {
        return;
    }
    let boxes = Boxes3D::from_centers_and_half_sizes(
        known().map(|m| xyz(m.p_n)),
        known().map(|m| [0.5 * m.size_m as f32, 0.5 * m.size_m as f32, 0.0]),
    )
    .with_quaternions(known().map(|m| turn(&UnitQuaternion::from_matrix(&m.r_nm))))
    .with_colors([colour::MARKER])
    .with_radii([width(0.5)]);
    pen.draw_once("site/markers/squares", &boxes);
}

/// Portals with their clear width, and the way through.
fn openings(pen: &mut Pen, site: &Site) {
    let middle = |p: &Portal| site.in_frame(p.position_m);
    let directed = || {
        site.portals.iter().filter_map(|p| {
            let [x, y, z] = p.position_m;
            let (sin, cos) = p.yaw_deg?.to_radians().sin_cos();
            let along = site.in_frame([x + cos, y + sin, z]) - middle(p);
            let half = Vector3::new(-along.y, along.x, 0.0) * 0.5 * p.width_m;
            Some((middle(p), along, half))
        })
    };
    if directed().next().is_some() {
        let lines = directed().map(|(p, _, half)| [xyz(p - half), xyz(p + half)]);
        let lines = LineStrips3D::new(lines)
            .with_colors([colour::PORTAL])
            .with_radii([width(2.0)]);
        pen.draw_once("site/portals/openings", &lines);
        let arrows = Arrows3D::from_vectors(directed().map(|(_, along, _)| xyz(along)))
            .with_origins(directed().map(|(p, _, _)| xyz(p)))
            .with_colors([colour::PORTAL]);
        pen.draw_once("site/portals/directions", &arrows);
    }
    let points = site.portals.iter().filter(|p| p.yaw_deg.is_none());
    let fields: Vec<_> = points.map(|p| (middle(p), 0.5 * p.width_m)).collect();
    if !fields.is_empty() {
        let fields = circles(fields).with_colors([colour::PORTAL]);
        pen.draw_once("site/portals/fields", &fields);
    }
}

fn zones(pen: &mut Pen, site: &Site, extent: &mut Extent) {
    for (name, kind, colour) in [
        ("indoor", ZoneKind::Indoor, colour::BODY),
        ("outdoor", ZoneKind::Outdoor, colour::USED),
        (
            "magnetic_disturbance",
            ZoneKind::MagneticDisturbance,
            colour::RESET,
        ),
    ] {
        let of_kind = || site.zones.iter().filter(|z| z.kind == kind);
        let outlines: Vec<Vec<[f32; 3]>> = of_kind()
            .map(|zone| {
                let corners = zone
                    .polygon_m
                    .iter()
                    .map(|[x, y]| site.in_frame([*x, *y, 0.0]));
                let corners: Vec<_> = corners.inspect(|p| extent.reach(*p)).collect();
                let closed = corners.iter().chain(corners.first());
                closed.map(|p| xyz(*p)).collect()
            })
            .collect();
        if outlines.is_empty() {
            continue;
        }
        let lines = LineStrips3D::new(outlines)
            .with_labels(of_kind().map(|z| z.id.clone()))
            .with_colors([colour])
            .with_radii([width(0.75)]);
        pen.draw_once(path(["site", "zones", name]), &lines);
    }
}
