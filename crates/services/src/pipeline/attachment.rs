//! A file that comes with a call: beside the input, on a disk, and never as a whole in memory.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use guildhall_domain::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A field of an input that is a file.
#[derive(Clone, Copy, Debug)]
pub struct FileField {
    /// Its name.
    pub name: &'static str,
    /// What kind of file, as a body says it that is nothing but the file.
    pub content_type: &'static str,
    /// The most bytes.
    pub most_bytes: usize,
}

/// A file that comes with a call. In the input's JSON stands its SHA-256, so that the same call is the same input; the
/// file itself travels beside it and is put in by [`Attachment::accept`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attachment {
    sha256: String,
    file: Option<Arc<File>>,
}

impl Attachment {
    /// A file with these bytes.
    ///
    /// # Errors
    /// Where the machine has no room for it.
    pub fn of(bytes: &[u8]) -> io::Result<Self> {
        let mut incoming = Incoming::new()?;
        incoming.write_all(bytes)?;
        Ok(incoming.finish())
    }

    /// What it hashes to, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Takes its file from those that came.
    ///
    /// # Errors
    /// `BAD_REQUEST` naming `field` where it is not among them.
    pub fn accept(&mut self, field: &str, came: &[Self]) -> Result<()> {
        if self.file.is_none() {
            let file = came.iter().find(|other| other.sha256 == self.sha256).and_then(|other| other.file.clone());
            self.file = Some(file.ok_or_else(|| Error::field(field, "the file itself did not come with the call"))?);
        }
        Ok(())
    }

    /// The file from its beginning. Whoever reads it shares its place with all others who do.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub(crate) fn read(&self) -> io::Result<impl Read + Seek + Send + use<>> {
        let file = self.file.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// A file on its way in. Dropped, it is gone.
pub struct Incoming {
    file: File,
    hash: Context,
}

impl Incoming {
    /// Nothing of it is there yet.
    ///
    /// # Errors
    /// Where the machine has no room for it.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, hash: Context::new(&SHA256) })
    }

    /// All of it is there.
    #[must_use]
    pub fn finish(self) -> Attachment {
        Attachment { sha256: HEXLOWER.encode(self.hash.finish().as_ref()), file: Some(Arc::new(self.file)) }
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Incoming")
    }
}

impl TryFrom<String> for Attachment {
    type Error = String;
    fn try_from(sha256: String) -> Result<Self, String> {
        if sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self { sha256, file: None })
        } else {
            Err("not a SHA-256".to_owned())
        }
    }
}

impl From<Attachment> for String {
    fn from(attachment: Attachment) -> Self {
        attachment.sha256
    }
}

impl JsonSchema for Attachment {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "File".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "x-native-type": "file",
            "description": "a file, sent beside the input; in the input, its SHA-256" })
    }
}
