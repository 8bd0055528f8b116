//! Files that come with a call: streamed to a disk, never as a whole in memory, and only for whoever may call at all.
//!
//! Over RPC as the unmodified `@orpc/client` sends them (`orpc-wire.md` §5); over plain JSON as a form whose parts are the
//! fields, or as a body that is nothing but the file, with the other fields in the query.

use std::io::Write as _;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use guildhall_catalogue::Entry;
use guildhall_domain::Error;
use guildhall_services::{Attachment, FileField, Incoming};
use http::{
    HeaderMap, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use multer::Multipart;
use serde_json::{Map, Value};

use crate::{caller, failure::Failure, observe::Arrival, query, router::Site};

/// An input with its files.
pub(crate) type Input = (Option<Value>, Vec<Attachment>);

/// As many bytes are collected before they are written.
const BLOCK: usize = 1024 * 1024;
/// More than the rest of a form with a file needs.
const FORM: usize = 64 * 1024;

/// The file's field, where the procedure has one and the request does not say that its body is JSON.
pub(crate) fn wanted(entry: &Entry, headers: &HeaderMap) -> Option<FileField> {
    let kind = essence(headers);
    entry.file.filter(|field| kind == "multipart/form-data" || kind == field.content_type)
}

/// Whether a request may be one with a file, which takes longer.
pub(crate) fn may_be(headers: &HeaderMap) -> bool {
    matches!(essence(headers).as_str(), "multipart/form-data" | "application/zip")
}

fn essence(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A request with a file, as it came.
pub(crate) struct Upload<'a> {
    pub(crate) site: &'a Site,
    pub(crate) entry: &'a Entry,
    pub(crate) field: FileField,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) arrival: &'a Arrival,
}

impl Upload<'_> {
    /// The envelope of an RPC call, without its `maps`: where they point stands what the file hashes to.
    pub(crate) async fn envelope(&self, body: Body) -> Result<Input, Failure> {
        self.admit().await?;
        let mut form = self.form(body)?;
        let (mut envelope, mut files) = (None, Vec::new());
        while let Some(part) = form.next_field().await.map_err(|_| Failure::malformed())? {
            if part.name() == Some("data") && envelope.is_none() {
                let text = self.text(part).await?;
                envelope = Some(serde_json::from_str::<Value>(&text).map_err(|_| Failure::malformed())?);
            } else if part.name() == Some("0") && files.is_empty() {
                files.push(self.keep(part).await?);
            } else {
                return Err(Failure::malformed());
            }
        }
        let mut envelope = envelope.ok_or_else(Failure::malformed)?;
        let maps = envelope.as_object_mut().and_then(|envelope| envelope.remove("maps"));
        let expected = serde_json::json!([[self.field.name]]);
        if let Some(file) = files.first() {
            let place = envelope.pointer_mut("/json").and_then(Value::as_object_mut);
            let place = place.filter(|_| maps == Some(expected)).ok_or_else(Failure::malformed)?;
            place.insert(self.field.name.to_owned(), file.sha256().into());
        }
        Ok((Some(envelope), files))
    }

    /// The input of a plain call.
    pub(crate) async fn plain(&self, uri: &Uri, body: Body) -> Result<Input, Failure> {
        self.admit().await?;
        let mut fields = match query::input(uri.query(), &self.entry.input)? {
            Some(Value::Object(fields)) => fields,
            None => Map::new(),
            Some(_) => return Err(Failure::malformed()),
        };
        if essence(self.headers) == self.field.content_type {
            self.refuse_too_large(0)?;
            let file = self.keep(body.into_data_stream()).await?;
            fields.insert(self.field.name.to_owned(), file.sha256().into());
            return Ok((Some(Value::Object(fields)), vec![file]));
        }
        let (mut form, mut files, mut pairs) = (self.form(body)?, Vec::new(), String::new());
        while let Some(part) = form.next_field().await.map_err(|_| Failure::malformed())? {
            let name = part.name().unwrap_or_default().to_owned();
            if name != self.field.name {
                let text = self.text(part).await?;
                pairs.push_str(&serde_urlencoded::to_string([(name, text)]).map_err(|_| Failure::malformed())?);
                pairs.push('&');
            } else if files.is_empty() {
                files.push(self.keep(part).await?);
            } else {
                return Err(Failure::malformed());
            }
        }
        if let Some(Value::Object(more)) = query::input(Some(&pairs), &self.entry.input)? {
            fields.extend(more);
        }
        if let Some(file) = files.first() {
            fields.insert(self.field.name.to_owned(), file.sha256().into());
        }
        Ok((Some(Value::Object(fields)), files))
    }

    /// Nobody fills our disk who may not call.
    async fn admit(&self) -> Result<(), Failure> {
        let admitted = match caller::caller(self.headers, self.arrival.address, &self.site.settings) {
            Ok(caller) => self.entry.admits(&self.site.app, &caller).await,
            Err(error) => Err(error),
        };
        admitted.map_err(|error| self.failed(&error))
    }

    fn form(&self, body: Body) -> Result<Multipart<'static>, Failure> {
        self.refuse_too_large(FORM)?;
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(|_| Failure::malformed())?;
        Ok(Multipart::new(body.into_data_stream(), boundary))
    }

    /// What says of itself that it is too large need not be read.
    fn refuse_too_large(&self, more: usize) -> Result<(), Failure> {
        let said = self.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        match said {
            Some(said) if said > self.field.most_bytes.saturating_add(more) => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    async fn text(&self, mut part: multer::Field<'_>) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|_| Failure::malformed())? {
            if chunk.len() > FORM.saturating_sub(bytes.len()) {
                return Err(Failure::malformed());
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| Failure::malformed())
    }

    async fn keep<E>(&self, mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin) -> Result<Attachment, Failure> {
        let mut incoming = Incoming::new().map_err(|error| self.failed(&Error::internal(error)))?;
        let (mut block, mut left) = (Vec::new(), self.field.most_bytes);
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(|_| Failure::malformed())?;
            left = left.checked_sub(chunk.len()).ok_or_else(|| self.too_large())?;
            block.extend_from_slice(&chunk);
            if block.len() >= BLOCK {
                incoming = self.write(incoming, std::mem::take(&mut block)).await?;
            }
        }
        Ok(self.write(incoming, block).await?.finish())
    }

    async fn write(&self, mut incoming: Incoming, block: Vec<u8>) -> Result<Incoming, Failure> {
        let written = tokio::task::spawn_blocking(move || incoming.write_all(&block).map(|()| incoming)).await;
        let written = written.map_err(Error::internal).and_then(|written| written.map_err(Error::internal));
        written.map_err(|error| self.failed(&error))
    }

    fn too_large(&self) -> Failure {
        self.failed(&Error::PayloadTooLarge { limit: self.field.most_bytes })
    }

    fn failed(&self, error: &Error) -> Failure {
        Failure::of(error, &self.arrival.request_id)
    }
}
