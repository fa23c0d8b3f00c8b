//! The envelope of a snapshot: what it is, for which files, whole or not.
//!
//! | from | bytes | is |
//! |---|---|---|
//! | 0 | 8 | `WAYFIX\x1a\n` |
//! | 8 | 2 | version of the format, little endian |
//! | 10 | 1 | content: 0 an engine, 1 a replay with its engine |
//! | 11 | 8 | fingerprint of site.toml as read, little endian |
//! | 19 | 8 | fingerprint of vehicle.toml |
//! | 27 | | the state as CBOR, compressed by zstd |
//! | last 4 | 4 | CRC-32 of all before, little endian |
//!
//! The checksum finds damage, not malice. CBOR names every field, so a build whose state has other
//! fields reads nothing false: what was read has to be written alike.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::snapshot::SnapshotError;
use crate::config::{Site, Vehicle};

const MAGIC: &[u8; 8] = b"WAYFIX\x1a\n";
/// Raise it when the meaning of a field changes; other fields are noticed without it.
const VERSION: u16 = 1;
const HEADER: usize = 27;
const CHECKSUM: usize = 4;
/// No state is larger: 64 checkpoints of 36 filters of 60 states are half of it [bytes].
const MOST_BYTES: u64 = 512 << 20;
/// Fast, and still a third of the size.
const LEVEL: i32 = 1;

/// What a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Content {
    /// An engine.
    Engine,
    /// A replay with its engine.
    Replay,
}

/// Hashes of the two files as they were read: same meaning, same fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    site: u64,
    vehicle: u64,
}

impl Fingerprints {
    /// Of two files.
    pub fn of(site: &Site, vehicle: &Vehicle) -> Self {
        Self {
            site: fingerprint(site),
            vehicle: fingerprint(vehicle),
        }
    }
}

/// FNV-1a.
struct Hash(u64);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fingerprint(file: &impl Serialize) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    // Neither the two files' types nor the hash can fail; if they did, both sides would alike.
    let _ = ciborium::into_writer(file, &mut hash);
    hash.0
}

/// The state as CBOR.
fn encode(state: &impl Serialize) -> Result<Vec<u8>, SnapshotError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(state, &mut bytes)
        .map_err(|error| SnapshotError::NotWritable(error.to_string()))?;
    Ok(bytes)
}

/// Whether a state that was read is written alike: fields that are missing, too many or of another
/// kind show here.
pub(crate) fn reads_alike(state: &impl Serialize, written: &[u8]) -> Result<(), SnapshotError> {
    if encode(state)? == written {
        Ok(())
    } else {
        Err(SnapshotError::OtherBuild)
    }
}

/// Puts a state into its envelope.
pub(crate) fn seal(
    content: Content,
    files: &Fingerprints,
    state: &impl Serialize,
) -> Result<Vec<u8>, SnapshotError> {
    let mut bytes = Vec::from(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.push(content as u8);
    bytes.extend(files.site.to_le_bytes());
    bytes.extend(files.vehicle.to_le_bytes());
    let state = encode(state)?;
    let compressed = zstd::bulk::compress(&state, LEVEL)
        .map_err(|error| SnapshotError::NotWritable(error.to_string()))?;
    bytes.extend(compressed);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

/// Takes a state out of its envelope, and gives its CBOR too.
pub(crate) fn open<T: DeserializeOwned>(
    content: Content,
    files: &Fingerprints,
    bytes: &[u8],
) -> Result<(T, Vec<u8>), SnapshotError> {
    if !bytes.starts_with(MAGIC) {
        return Err(SnapshotError::NoSnapshot);
    }
    if bytes.len() < HEADER + CHECKSUM {
        return Err(SnapshotError::Damaged("it is cut short".to_owned()));
    }
    let (all, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    let version = u16::from_le_bytes([all[8], all[9]]);
    if crc32fast::hash(all).to_le_bytes() != checksum {
        return Err(SnapshotError::Damaged("its checksum is wrong".to_owned()));
    }
    if version != VERSION {
        return Err(SnapshotError::OtherVersion(version));
    }
    if all[10] != content as u8 {
        return Err(SnapshotError::OtherContent(match content {
            Content::Engine => "an engine alone",
            Content::Replay => "a replay",
        }));
    }
    for (from, print, file) in [
        (11, files.site, "site.toml"),
        (19, files.vehicle, "vehicle.toml"),
    ] {
        if all[from..from + 8] != print.to_le_bytes() {
            return Err(SnapshotError::Foreign(file));
        }
    }
    let damaged = |error: &dyn ToString| SnapshotError::Damaged(error.to_string());
    let mut state = Vec::new();
    zstd::Decoder::new(&all[HEADER..])
        .and_then(|decoder| decoder.take(MOST_BYTES).read_to_end(&mut state))
        .map_err(|error| damaged(&error))?;
    let value = ciborium::from_reader(state.as_slice()).map_err(|error| damaged(&error))?;
    Ok((value, state))
}
