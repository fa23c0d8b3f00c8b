//! What the accuracy bench is measured against, all in one table: the project's targets, the best
//! figure known from elsewhere, and what quick estimators (Python sketches, online) reached.

use serde::Serialize;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// This or less.
    AtMost(f64),
    /// This value, to within so much.
    Near {
        /// The value.
        value: f64,
        /// So much.
        within: f64,
    },
}

impl Goal {
    /// The figure over the goal: 1 or less where it is reached.
    #[must_use]
    pub fn ratio(&self, figure: f64) -> f64 {
        match *self {
            Self::AtMost(most) => figure / most,
            Self::Near { value, within } => (figure - value).abs() / within,
        }
    }
}

/// The best figure known from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Known {
    /// In the unit of the figure.
    pub value: f64,
    /// Whose.
    pub by: &'static str,
}

/// One figure of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The case, by its name.
    pub case: &'static str,
    /// Of the smoothed run, and not of what was told online.
    pub is_smoothed: bool,
    /// The figure, by its name in [`Score::figures`](crate::score::Score::figures); it ends in its unit.
    pub figure: &'static str,
    /// What it should be.
    pub goal: Option<Goal>,
    /// The best figure known.
    pub best_known: Option<Known>,
    /// What a quick estimator reached.
    pub quick: Option<f64>,
}

/// Of the smoothed run.
const fn smoothed(case: &'static str, figure: &'static str) -> Target {
    Target {
        is_smoothed: true,
        ..of(case, figure)
    }
}

const fn of(case: &'static str, figure: &'static str) -> Target {
    Target {
        case,
        is_smoothed: false,
        figure,
        goal: None,
        best_known: None,
        quick: None,
    }
}

impl Target {
    const fn at_most(mut self, value: f64) -> Self {
        self.goal = Some(Goal::AtMost(value));
        self
    }

    const fn near(mut self, value: f64, within: f64) -> Self {
        self.goal = Some(Goal::Near { value, within });
        self
    }

    const fn known(mut self, value: f64, by: &'static str) -> Self {
        self.best_known = Some(Known { value, by });
        self
    }

    const fn quick(mut self, value: f64) -> Self {
        self.quick = Some(value);
        self
    }
}

const RMSE_2D: &str = "2D rmse m";
const RMSE_3D: &str = "3D rmse m";
const HEADING: &str = "heading rmse deg";
const INCLINATION: &str = "inclination rmse deg";
const MEDIAN_2D: &str = "2D median m";
const P90_2D: &str = "2D p90 m";
const AUTHORS: &str = "authors";

/// All of them, in the order of the bench's cases.
#[rustfmt::skip]
pub const TARGETS: &[Target] = &[
    of("plaza1", RMSE_2D).at_most(0.27).known(0.34, "plain EKF").quick(0.283),
    of("labyrinth", RMSE_2D).at_most(0.043).known(0.143, "EKF; 0.073 with biases from truth").quick(0.044),
    of("mrclam robot 1", RMSE_2D).at_most(0.13).known(0.16, "plain EKF").quick(0.139),
    of("mrclam robot 1", HEADING).at_most(4.0).known(6.0, "plain EKF").quick(4.1),
    // The sketch used the ranges alone.
    of("starloc s1", RMSE_3D).at_most(0.12).quick(0.155),
    of("starloc s1", RMSE_2D).at_most(0.09).quick(0.115),
    of("starloc s2", RMSE_3D),
    // By axis 0.157, 0.121 and 0.148 m.
    of("iasl_uwb", RMSE_3D).at_most(0.09).known(0.247, AUTHORS).quick(0.099),
    of("iasl_uwb", RMSE_2D).at_most(0.045).known(0.198, AUTHORS).quick(0.049),
    of("hanyang_uwb los_a1", RMSE_2D).at_most(0.55).known(1.04, AUTHORS).quick(0.60),
    of("hanyang_uwb los_b3", RMSE_2D).at_most(0.43).known(0.52, AUTHORS).quick(0.47),
    of("hanyang_uwb nlos_a1", RMSE_2D).at_most(0.62).known(0.94, AUTHORS).quick(0.68),
    of("hanyang_uwb nlos_b3", RMSE_2D).at_most(0.42).known(0.64, AUTHORS).quick(0.45),
    of("crazyflie_tdoa", RMSE_3D).at_most(0.085).known(0.38, "own filter").quick(0.087),
    of("comma2k19", RMSE_2D).at_most(0.44).known(1.47, "receiver alone").quick(0.44),
    of("comma2k19", "position delay s").near(0.083, 0.02),
    of("comma2k19", "velocity delay s").near(0.151, 0.02),
    of("comma2k19, last 30 s without satellites", "end error, median %").at_most(0.4),
    of("victoria_park, 60 s outages", "end error, median %").at_most(6.0).quick(6.1),
    of("victoria_park, 60 s outages", "end error, p90 %").at_most(11.0).quick(12.0),
    // Without constraints on its motion the sketch reached 7.0.
    of("kitti_imu_gps, 30 s outages", "rmse in clear windows, median m").at_most(1.6).quick(1.6),
    of("kitti_imu_gps, 30 s outages", "rmse in all windows, median m").at_most(3.5),
    of("broad 10", HEADING).at_most(1.0).known(1.50, "Mahony; Madgwick 1.71").quick(0.33),
    of("broad 10", INCLINATION).at_most(0.3).quick(0.18),
    of("broad 30", HEADING).at_most(1.8).known(1.81, "Madgwick; Mahony 7.39").quick(1.76),
    of("broad 30", INCLINATION).at_most(1.0).quick(0.97),
    of("ble_tetam rectangular_with_rotation", MEDIAN_2D).at_most(1.6).quick(1.57),
    of("ble_tetam rectangular_with_rotation", P90_2D).at_most(3.1).quick(3.06),
    of("ble_tetam rectangular_without_rotation", MEDIAN_2D).at_most(1.6).quick(1.57),
    of("ble_tetam rectangular_without_rotation", P90_2D).at_most(3.1).quick(3.06),
    of("ble_tetam straight_05", MEDIAN_2D).at_most(1.6).quick(1.57),
    of("ble_tetam straight_05", P90_2D).at_most(3.1).quick(3.06),
    of("wifibot 1", RMSE_2D).at_most(0.048).quick(0.048),
    of("wifibot 1", HEADING).at_most(1.4).quick(1.4),
    of("wifibot 2", RMSE_2D).at_most(0.048).quick(0.048),
    of("wifibot 2", HEADING).at_most(1.4).quick(1.4),
    of("wifibot 3", RMSE_2D).at_most(0.048).quick(0.048),
    of("wifibot 3", HEADING).at_most(1.4).quick(1.4),
    smoothed("plaza1", RMSE_2D).at_most(0.21).quick(0.210),
    smoothed("labyrinth", RMSE_2D).at_most(0.039).quick(0.039),
    smoothed("mrclam robot 1", RMSE_2D).at_most(0.11).quick(0.114),
    smoothed("mrclam robot 1", HEADING).at_most(2.4).quick(2.4),
    smoothed("starloc s1", RMSE_3D),
    smoothed("starloc s2", RMSE_3D),
    smoothed("iasl_uwb", RMSE_3D).at_most(0.082).quick(0.082),
    smoothed("hanyang_uwb los_a1", RMSE_2D).at_most(0.38).quick(0.39),
    smoothed("hanyang_uwb los_b3", RMSE_2D).at_most(0.34).quick(0.34),
    smoothed("hanyang_uwb nlos_a1", RMSE_2D).at_most(0.48).quick(0.48),
    smoothed("hanyang_uwb nlos_b3", RMSE_2D).at_most(0.32).quick(0.32),
    smoothed("crazyflie_tdoa", RMSE_3D).at_most(0.077).quick(0.077),
    smoothed("comma2k19", RMSE_2D).quick(0.45),
    smoothed("comma2k19, last 30 s without satellites", "end error, median %"),
    smoothed("victoria_park, 60 s outages", "end error, median m").at_most(1.2).quick(1.2),
    smoothed("kitti_imu_gps, 30 s outages", "rmse in clear windows, median m").at_most(0.5).quick(0.5),
    smoothed("kitti_imu_gps, 30 s outages", "rmse in all windows, median m"),
    smoothed("broad 10", HEADING),
    smoothed("broad 30", HEADING),
    smoothed("ble_tetam rectangular_with_rotation", MEDIAN_2D).at_most(1.3).quick(1.30),
    smoothed("ble_tetam rectangular_without_rotation", MEDIAN_2D).at_most(1.3).quick(1.30),
    smoothed("ble_tetam straight_05", MEDIAN_2D).at_most(1.3).quick(1.30),
    smoothed("wifibot 1", RMSE_2D),
    smoothed("wifibot 2", RMSE_2D),
    smoothed("wifibot 3", RMSE_2D),
];

/// The targets of a case.
pub fn of_case(case: &str) -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().filter(move |target| target.case == case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;

    #[test]
    fn every_case_has_a_row_and_every_row_a_case() {
        let cases = cases::list();
        for case in &cases {
            assert!(of_case(&case.name).count() > 0, "{} has no row", case.name);
        }
        for target in TARGETS {
            assert!(
                cases.iter().any(|case| case.name == target.case),
                "{}: no such case",
                target.case
            );
        }
    }

    #[test]
    fn a_ratio_is_one_at_the_goal() {
        assert_eq!(Goal::AtMost(0.5).ratio(1.0), 2.0);
        let near = Goal::Near {
            value: 0.5,
            within: 0.25,
        };
        assert_eq!(
            (near.ratio(0.25), near.ratio(0.75), near.ratio(0.5)),
            (1.0, 1.0, 0.0)
        );
    }
}
