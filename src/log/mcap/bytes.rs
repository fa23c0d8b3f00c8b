//! MCAP's records as bytes (<https://mcap.dev/spec>), with every length checked.
//!
//! The mcap crate reads undamaged files well, but ends at the first damage, and trusts some
//! lengths that damage may have changed; a log of a crash needs more.

use std::io::Read;

/// Longer records and chunks are damage [bytes].
pub const RECORD_LIMIT_BYTES: u64 = 256 << 20;

/// Takes little-endian values off the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()?;
        std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok()
    }

    /// Opcode and body of the next record within a chunk.
    pub fn record(&mut self) -> Option<(u8, &'a [u8])> {
        let [opcode] = self.array()?;
        let length = self.u64()?;
        Some((opcode, self.take(usize::try_from(length).ok()?)?))
    }
}

/// How a chunk's records are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    None,
    Lz4,
    Zstd,
}

/// What stands before a chunk's data.
#[derive(Clone, Copy, Debug)]
pub struct ChunkHeader {
    pub packing: Packing,
    /// Bytes of the record's body before the data.
    pub data_offset: u64,
    pub packed_bytes: u64,
    pub unpacked_bytes: u64,
    /// CRC-32 of the unpacked records; 0: not stated.
    pub crc: u32,
}

impl ChunkHeader {
    /// The longest body prefix that [`Self::parse`] needs.
    pub const MAX_BYTES: usize = 44;

    /// From the beginning of a chunk record's body; `None` where that can't be one.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(body);
        let (start, end) = (bytes.u64()?, bytes.u64()?);
        let unpacked_bytes = bytes.u64()?;
        let crc = bytes.u32()?;
        let packing = match bytes.text()? {
            "" => Packing::None,
            "lz4" => Packing::Lz4,
            "zstd" => Packing::Zstd,
            _ => return None,
        };
        let packed_bytes = bytes.u64()?;
        let data_offset = (body.len() - bytes.0.len()) as u64;
        let sound = start <= end
            && packed_bytes <= RECORD_LIMIT_BYTES
            && unpacked_bytes <= RECORD_LIMIT_BYTES
            && (packing != Packing::None || packed_bytes == unpacked_bytes);
        sound.then_some(Self {
            packing,
            data_offset,
            packed_bytes,
            unpacked_bytes,
            crc,
        })
    }

    /// Unpacks `data`, which may be cut short, over `to`. Returns whether the records are whole.
    pub fn unpack(&self, data: &[u8], to: &mut Vec<u8>) -> bool {
        to.clear();
        let limit = self.unpacked_bytes;
        // What was unpacked before an error stays in `to`.
        let ended = match self.packing {
            Packing::None => data.take(limit).read_to_end(to).is_ok(),
            Packing::Lz4 => lz4::Decoder::new(data)
                .and_then(|d| d.take(limit).read_to_end(to))
                .is_ok(),
            Packing::Zstd => zstd::stream::read::Decoder::with_buffer(data)
                .and_then(|d| d.take(limit).read_to_end(to))
                .is_ok(),
        };
        ended && to.len() as u64 == limit && (self.crc == 0 || crc32fast::hash(to) == self.crc)
    }
}
