//! How a device's axes lie in the sensor frame that vehicle.toml mounts.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// A rotation by quarter turns, written as what each sensor axis reads: `"y,-x,z"` says that the
/// sensor's x is the device's y, its y the device's −x, its z the device's z. A device whose frame is
/// FRD (forward, right, down) is turned into FLU by `"x,-y,-z"`.
///
/// ```
/// use wayfix_sensors::axes::Axes;
/// let axes = Axes::parse("y,-x,z").unwrap();
/// assert_eq!(axes.turned([1.0, 2.0, 3.0]), [2.0, -1.0, 3.0]);
/// assert!(Axes::parse("x,y,-z").is_err(), "a mirror is no rotation");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Axes {
    /// Of each sensor axis: which device axis, and whether it is turned round.
    from: [(u8, bool); 3],
}

impl Default for Axes {
    /// The device's own axes.
    fn default() -> Self {
        Self {
            from: [(0, false), (1, false), (2, false)],
        }
    }
}

impl Axes {
    /// From its written form.
    ///
    /// # Errors
    /// Not three different axes with signs, or a mirror.
    pub fn parse(text: &str) -> Result<Self, String> {
        let axis = |word: &str| {
            let (minus, letter) = match word.trim().strip_prefix('-') {
                Some(letter) => (true, letter),
                None => (false, word.trim().trim_start_matches('+')),
            };
            let index = ["x", "y", "z"].iter().position(|l| *l == letter)?;
            Some((index as u8, minus))
        };
        let from: Option<Vec<(u8, bool)>> = text.split(',').map(axis).collect();
        let from = from
            .and_then(|axes| <[(u8, bool); 3]>::try_from(axes).ok())
            .ok_or_else(|| format!("`{text}` is not three signed axes, such as \"x,-y,-z\""))?;
        let [a, b, c] = from.map(|(index, _)| index);
        if a == b || b == c || c == a {
            return Err(format!("`{text}` names an axis twice"));
        }
        let odd = (a + 1) % 3 != b;
        let minuses = from.iter().filter(|(_, minus)| *minus).count();
        if odd != (minuses % 2 == 1) {
            return Err(format!(
                "`{text}` is a mirror, not a rotation: one sign is wrong"
            ));
        }
        Ok(Self { from })
    }

    /// Where the sensor's x axis points, in the device's own axes.
    #[must_use]
    pub fn forward(&self) -> [f64; 3] {
        let [(index, minus), _, _] = self.from;
        [0, 1, 2].map(|i| match (i == index, minus) {
            (false, _) => 0.0,
            (true, false) => 1.0,
            (true, true) => -1.0,
        })
    }

    /// A vector of the device in the sensor frame.
    #[must_use]
    pub fn turned(&self, device: [f64; 3]) -> [f64; 3] {
        self.from.map(|(index, minus)| {
            let value = device.get(usize::from(index)).copied().unwrap_or_default();
            if minus { -value } else { value }
        })
    }
}

impl TryFrom<String> for Axes {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Axes> for String {
    fn from(axes: Axes) -> Self {
        let words = axes.from.map(|(index, minus)| {
            let letter = ["x", "y", "z"].get(usize::from(index)).copied();
            format!("{}{}", if minus { "-" } else { "" }, letter.unwrap_or("x"))
        });
        words.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_24_rotations_and_no_other() {
        let mut count = 0;
        for a in ["x", "y", "z", "-x", "-y", "-z"] {
            for b in ["x", "y", "z", "-x", "-y", "-z"] {
                for c in ["x", "y", "z", "-x", "-y", "-z"] {
                    let text = [a, b, c].join(",");
                    let Ok(axes) = Axes::parse(&text) else {
                        continue;
                    };
                    count += 1;
                    assert_eq!(String::from(axes), text);
                    // A rotation keeps the cross product.
                    let [x, y, z] =
                        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|v| axes.turned(v));
                    let cross = [
                        x[1] * y[2] - x[2] * y[1],
                        x[2] * y[0] - x[0] * y[2],
                        x[0] * y[1] - x[1] * y[0],
                    ];
                    assert_eq!(cross, z, "{text}");
                    assert_eq!(axes.turned(axes.forward()), [1.0, 0.0, 0.0]);
                }
            }
        }
        assert_eq!(count, 24);
    }

    #[test]
    fn what_is_no_rotation_says_why() {
        for (text, why) in [
            ("x,y", "three signed axes"),
            ("x,y,w", "three signed axes"),
            ("x,x,z", "twice"),
            ("-x,y,z", "mirror"),
        ] {
            assert!(Axes::parse(text).unwrap_err().contains(why), "{text}");
        }
        assert_eq!(
            serde_json::from_str::<Axes>("\"x,-y,-z\"").unwrap(),
            Axes::parse("x, -y, -z").unwrap()
        );
    }
}
