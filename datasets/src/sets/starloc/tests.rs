//! Signs of the time shifts and of the mounts, by the data itself.

use nalgebra::{Rotation3, UnitQuaternion, Vector3};
use wayfix::config::source::{Mount, Source};

use super::*;

fn recording(run: &str) -> Option<Recording> {
    let dir = crate::sets::test_dir("starloc")?;
    let options = Options {
        run: Some(run.to_owned()),
        ..Options::default()
    };
    Some(load(&dir, &options).unwrap())
}

/// Truth as it can be asked for at any time.
struct Rig(Vec<(f64, Vector3<f64>, UnitQuaternion<f64>)>);

impl Rig {
    fn of(recording: &Recording) -> Self {
        let rows = recording.truth().map(|row| {
            let ([x, y], z) = (row.state.xy_m.unwrap(), row.state.z_m.unwrap());
            let q_ns = from_wxyz(row.state.attitude_wxyz.unwrap());
            (row.t.seconds(), Vector3::new(x, y, z), q_ns)
        });
        Self(rows.collect())
    }

    fn at(&self, t_s: f64) -> Option<(Vector3<f64>, UnitQuaternion<f64>)> {
        let k = self.0.partition_point(|row| row.0 <= t_s);
        let ((t_0, p_0, q_0), (t_1, p_1, q_1)) = (self.0.get(k.checked_sub(1)?)?, self.0.get(k)?);
        let share = (t_s - t_0) / (t_1 - t_0);
        Some((p_0.lerp(p_1, share), q_0.slerp(q_1, share)))
    }
}

fn mount(source: &Source) -> Mount {
    match source {
        Source::Imu(s) => s.mount,
        Source::Uwb(s) => s.mount,
        Source::Camera(s) => s.mount,
        _ => unreachable!(),
    }
}

fn rotation(mount: &Mount) -> Rotation3<f64> {
    let [roll, pitch, yaw] = mount.rpy_deg.map(f64::to_radians);
    Rotation3::from_euler_angles(roll, pitch, yaw)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The shift of the truth \[ms\] that makes the cost least.
fn best_shift_ms(cost: impl Fn(f64) -> f64) -> i32 {
    (-10..=10)
        .map(|k| 10 * k)
        .min_by(|&a, &b| cost(f64::from(a)).total_cmp(&cost(f64::from(b))))
        .unwrap()
}

#[test]
fn the_gyro_turns_as_the_truth_does() {
    for run in ["s1", "s2"] {
        let Some(recording) = recording(run) else {
            return;
        };
        let rig = Rig::of(&recording);
        let r_si = rotation(&mount(&recording.vehicle.sources["imu"]));
        let rates: Vec<_> = recording
            .samples()
            .filter_map(|sample| match sample.reading {
                Reading::Imu(imu) => {
                    Some((sample.t.seconds(), r_si * Vector3::from(imu.gyro_radps)))
                }
                _ => None,
            })
            .collect();
        // Both as the mean rate over 0.1 s: eleven rows of the gyro.
        let cost = |shift_ms: f64| {
            median(
                rates
                    .windows(11)
                    .filter_map(|rows| {
                        let (from_s, until_s) =
                            (rows[0].0 + shift_ms * 1e-3, rows[10].0 + shift_ms * 1e-3);
                        let turn = rig.at(from_s)?.1.inverse() * rig.at(until_s)?.1;
                        let mean = rows.iter().map(|row| row.1).sum::<Vector3<f64>>() / 11.0;
                        Some((turn.scaled_axis() / (until_s - from_s) - mean).norm())
                    })
                    .collect(),
            )
        };
        let best = best_shift_ms(cost);
        println!(
            "{run}: gyro against truth best at {best} ms, median {} rad/s",
            cost(0.0)
        );
        assert!(best.abs() <= 10 && cost(0.0) < 0.05);
    }
}

#[test]
fn ranges_fit_the_truth() {
    let Some(recording) = recording("s1") else {
        return;
    };
    let rig = Rig::of(&recording);
    let cost = |shift_ms: f64| {
        let mut errors_m = std::collections::BTreeMap::<_, Vec<f64>>::new();
        for sample in recording.samples() {
            let Reading::Range(range) = sample.reading else {
                continue;
            };
            let Some((p_ns, q_ns)) = rig.at(sample.t.seconds() + shift_ms * 1e-3) else {
                continue;
            };
            let lever = mount(&recording.vehicle.sources[sample.source.as_str()]).position_m;
            let anchor = recording
                .site
                .anchors
                .iter()
                .find(|a| a.id == range.anchor.as_str())
                .unwrap();
            let p_nt = p_ns + q_ns * Vector3::from(lever);
            let error_m = range.range_m - (p_nt - Vector3::from(anchor.position_m)).norm();
            errors_m
                .entry((sample.source, range.anchor))
                .or_default()
                .push(error_m);
        }
        let spread = |errors: Vec<f64>| {
            let middle = median(errors.clone());
            median(errors.iter().map(|e| (e - middle).abs()).collect())
        };
        errors_m.into_values().map(spread).sum::<f64>() / 16.0
    };
    let best = best_shift_ms(cost);
    println!(
        "ranges against truth best at {best} ms, spread {} m",
        cost(0.0)
    );
    assert!(best.abs() <= 10 && cost(0.0) < 0.07);
}

#[test]
fn tags_appear_where_the_truth_says() {
    for (run, limit_px) in [("s1", 6.0), ("s2", 9.0)] {
        let Some(recording) = recording(run) else {
            return;
        };
        let rig = Rig::of(&recording);
        let cost = |shift_ms: f64| {
            let mut errors_px = Vec::new();
            for sample in recording.samples() {
                let Reading::Pixel(pixel) = sample.reading else {
                    continue;
                };
                let id = pixel.landmark.as_str();
                let Some(tag) = recording.site.landmarks.iter().find(|l| l.id == id) else {
                    continue;
                };
                let Some((p_ns, q_ns)) = rig.at(sample.t.seconds() + shift_ms * 1e-3) else {
                    continue;
                };
                let Source::Camera(camera) = &recording.vehicle.sources[sample.source.as_str()]
                else {
                    unreachable!()
                };
                let p_s = q_ns.inverse() * (Vector3::from(tag.position_m) - p_ns);
                let p_c = rotation(&camera.mount).inverse()
                    * (p_s - Vector3::from(camera.mount.position_m));
                let expected =
                    [0, 1].map(|i| camera.focal_px[i] * p_c[i] / p_c.z + camera.centre_px[i]);
                errors_px.push((expected[0] - pixel.uv_px[0]).hypot(expected[1] - pixel.uv_px[1]));
            }
            median(errors_px)
        };
        let best = best_shift_ms(cost);
        println!(
            "{run}: pixels against truth best at {best} ms, median {} px",
            cost(0.0)
        );
        assert!(best.abs() <= 20 && cost(0.0) < limit_px);
    }
}

#[test]
fn the_specific_force_points_up() {
    for run in ["s1", "s2"] {
        let Some(recording) = recording(run) else {
            return;
        };
        let rig = Rig::of(&recording);
        let r_si = rotation(&mount(&recording.vehicle.sources["imu"]));
        let (mut sum, mut count) = (Vector3::zeros(), 0.0);
        for sample in recording.samples() {
            let Reading::Imu(imu) = sample.reading else {
                continue;
            };
            let Some((_, q_ns)) = rig.at(sample.t.seconds()) else {
                continue;
            };
            sum += q_ns * (r_si * Vector3::from(imu.accel_mps2.unwrap()));
            count += 1.0;
        }
        let mean: Vector3<f64> = sum / count;
        assert!(
            (mean.z - 9.76).abs() < 0.15 && mean.xy().norm() < 0.5,
            "{mean:?}"
        );
    }
}
