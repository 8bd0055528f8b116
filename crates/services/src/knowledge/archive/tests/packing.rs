//! Archives as no honest program packs them: every field can be a lie.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

/// An honest archive.
pub(super) fn deflated(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// An entry as it is to be packed.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) name: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) method: u16,
    pub(super) checksum: u32,
    /// As announced.
    pub(super) size: u32,
    pub(super) encrypted: bool,
    pub(super) utf8: bool,
    pub(super) unix_mode: u32,
    /// Where the table of contents says that it is, instead of where it is.
    pub(super) at: Option<u32>,
}

impl Packed {
    pub(super) fn stored(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.into(),
            data: content.to_vec(),
            method: 0,
            checksum: checksum(content),
            size: u32::try_from(content.len()).unwrap(),
            encrypted: false,
            utf8: true,
            unix_mode: 0o100_644,
            at: None,
        }
    }

    /// The only entry of an honest archive.
    pub(super) fn found_in(archive: &[u8]) -> Self {
        let u16_at = |at: usize| u16::from_le_bytes([archive[at], archive[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap());
        let name = 30 + usize::from(u16_at(26));
        let data = name + usize::from(u16_at(28));
        let packed = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        let length = usize::try_from(u32_at(packed + 20)).unwrap();
        Self {
            method: u16_at(8),
            checksum: u32_at(packed + 16),
            size: u32_at(packed + 24),
            data: archive[data..data + length].to_vec(),
            ..Self::stored(std::str::from_utf8(&archive[30..name]).unwrap(), b"")
        }
    }

    /// What stands in both the entry's own header and the table of contents.
    fn header(&self) -> Vec<u8> {
        let flags = u16::from(self.encrypted) | u16::from(self.utf8) << 11;
        let mut header = Vec::new();
        for field in [20, flags, self.method, 0, 0x21] {
            header.extend(field.to_le_bytes());
        }
        for field in [self.checksum, u32::try_from(self.data.len()).unwrap(), self.size] {
            header.extend(field.to_le_bytes());
        }
        header.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        header.extend([0, 0]);
        header
    }
}

/// Packs them; as many as fit into 16 bits are announced, as ZIP64 does for more.
pub(super) fn pack(entries: &[Packed]) -> Vec<u8> {
    let (mut bytes, mut contents) = (Vec::new(), Vec::new());
    for entry in entries {
        let place = entry.at.unwrap_or(u32::try_from(bytes.len()).unwrap());
        if entry.at.is_none() || bytes.is_empty() {
            bytes.extend(b"PK\x03\x04");
            bytes.extend(entry.header());
            bytes.extend(&entry.name);
            bytes.extend(&entry.data);
        }
        contents.extend(b"PK\x01\x02\x14\x03");
        contents.extend(entry.header());
        contents.extend([0; 6]);
        contents.extend((entry.unix_mode << 16).to_le_bytes());
        contents.extend(place.to_le_bytes());
        contents.extend(&entry.name);
    }
    let (start, size) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(contents.len()).unwrap());
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    bytes.extend(contents);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for field in [count, count] {
        bytes.extend(field.to_le_bytes());
    }
    for field in [size, start] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([0, 0]);
    bytes
}

/// CRC-32, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
