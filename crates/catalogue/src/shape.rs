//! What an input looks like: its schema, the check against it, and the reading.
//!
//! The check names every problem at once; reading would stop at the first.

use guildhall_domain::{Error, Issue, Result, error::Segment};
use jsonschema::{Validator, error::ValidationErrorKind, paths::LocationSegment};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The most problems that one answer names.
const MOST_ISSUES: usize = 100;

/// A schema, ready to check with.
#[derive(Debug)]
pub(crate) struct Shape(Option<Validator>);

impl Shape {
    /// The shape that `schema` describes. What cannot be compiled is left to the reading; the laws tests find it.
    pub(crate) fn of(schema: &Value) -> Self {
        Self(jsonschema::draft202012::new(schema).ok())
    }

    /// Whether the schema could be compiled.
    pub(crate) const fn is_checked(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses `value` with every problem it has.
    pub(crate) fn check(&self, value: &Value) -> Result<()> {
        let Some(validator) = &self.0 else { return Ok(()) };
        if validator.is_valid(value) {
            return Ok(());
        }
        let mut issues = Vec::new();
        for error in validator.iter_errors(value).take(MOST_ISSUES) {
            issues.extend(issues_of(&error, value));
        }
        Err(Error::BadRequest(issues))
    }
}

fn issues_of(error: &jsonschema::ValidationError<'_>, input: &Value) -> Vec<Issue> {
    let path: Vec<Segment> = error.instance_path().iter().map(|segment| segment_of(&segment)).collect();
    let below = |key: &str| path.iter().cloned().chain([Segment::from(key)]).collect::<Vec<_>>();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| Issue::at(below(key), "is not a field of this input")).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![Issue::at(below(property.as_str().unwrap_or_default()), "is missing")]
        }
        // Only an input without any fields has this; the error does not say which it met.
        ValidationErrorKind::FalseSchema => {
            let fields = input.as_object().into_iter().flat_map(|fields| fields.keys());
            fields.map(|key| Issue::at([Segment::Key(key.clone())], "is not a field of this input")).collect()
        }
        // Masked: an answer does not repeat what was sent, which may be a secret.
        _ => vec![Issue::at(path, error.masked().to_string())],
    }
}

fn segment_of(segment: &LocationSegment<'_>) -> Segment {
    match segment {
        LocationSegment::Property(key) => Segment::Key(key.to_string()),
        LocationSegment::Index(index) => Segment::Index(*index),
    }
}

/// Reads an input that fits its schema.
pub(crate) fn read<'de, T: Deserialize<'de>>(value: impl Deserializer<'de, Error = serde_json::Error>) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Segment::Index(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Segment::Key(key.clone())),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
        });
        let path: Vec<Segment> = segments.collect();
        Error::BadRequest(vec![Issue::at(path, error.into_inner().to_string())])
    })
}

/// The JSON Schema of what is sent.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let generator = settings.with(|s| s.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    refuse_null(&mut schema);
    schema
}

/// What may be left out may not be null as well, unless it says so: an edit that sets nothing would go unnoticed.
fn refuse_null(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if fields.shift_remove("x-nullable").is_none() {
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|one| one != "null");
            if let [only] = types.as_slice() {
                fields["type"] = only.clone();
            }
        }
        if let Some(Value::Array(branches)) = fields.get_mut("anyOf") {
            branches.retain(|one| one["type"] != "null");
        }
        if let Some(Value::Array(words)) = fields.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(child) = fields.get_mut(key) {
            refuse_null(child);
        }
    }
    for (_, child) in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        refuse_null(child);
    }
    for child in fields.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        refuse_null(child);
    }
}

/// The JSON Schema of what is answered.
pub(crate) fn output_schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.with(|s| s.inline_subschemas = true).into_generator().into_root_schema_for::<T>().to_value()
}
