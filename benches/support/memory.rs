//! Memory of this process and of the machine.

#![allow(dead_code, reason = "not every bench needs everything")]

/// A value of a file in /proc, stated there in kB [bytes]; `None` where the system has no such file.
fn bytes(file: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024.0 * kib)
}

/// Resident memory of this process [bytes].
pub fn resident_bytes() -> Option<f64> {
    bytes("/proc/self/status", "VmRSS:")
}

/// Resident memory of this process [MiB].
pub fn resident_mib() -> Option<f64> {
    Some(resident_bytes()? / (1024.0 * 1024.0))
}

/// What the machine has left for programs [bytes].
pub fn available_bytes() -> Option<f64> {
    bytes("/proc/meminfo", "MemAvailable:")
}
