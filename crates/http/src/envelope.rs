//! The RPC envelope `{ json, meta?, maps? }` (`orpc-wire.md` §2): JSON, and what JSON cannot say beside it.

use guildhall_domain::error::Segment;
use serde_json::{Map, Value, json};

/// An envelope that does not hold what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Opens an envelope; none is `undefined`. Big integers become numbers where they fit; dates, URLs and the like stay
/// the text they are on the wire, for that is what a procedure's schema asks for; `undefined` fields are left out.
pub(crate) fn open(envelope: Option<Value>) -> Result<Option<Value>, Malformed> {
    let Some(envelope) = envelope else { return Ok(None) };
    let Value::Object(mut envelope) = envelope else { return Err(Malformed) };
    // Blobs travel in multipart bodies, which no procedure takes, so nothing can be put where `maps` points.
    if !list(envelope.get("maps"))?.is_empty() {
        return Err(Malformed);
    }
    let meta = envelope.remove("meta");
    let mut root = Map::new();
    root.extend(envelope.remove("json").map(|json| (String::new(), json)));
    let mut root = Value::Object(root);
    for item in list(meta.as_ref())? {
        let Value::Array(item) = item else { return Err(Malformed) };
        if let Some((code, path)) = item.split_first()
            && let Some(code) = code.as_u64().filter(|code| *code <= 7)
        {
            restore(code, path, &mut root)?;
        }
    }
    Ok(root.as_object_mut().and_then(|root| root.remove("")))
}

/// Closes an envelope around an answer whose dates are at these paths.
pub(crate) fn close(json: Value, dates: Vec<Vec<Segment>>) -> Value {
    let mut envelope = Map::new();
    envelope.insert("json".to_owned(), json);
    if !dates.is_empty() {
        let item = |path: Vec<Segment>| {
            let segments = path.into_iter().map(|segment| match segment {
                Segment::Index(index) => Value::from(index),
                Segment::Key(key) => Value::from(key),
            });
            std::iter::once(json!(1)).chain(segments).collect::<Value>()
        };
        envelope.insert("meta".to_owned(), dates.into_iter().map(item).collect());
    }
    Value::Object(envelope)
}

fn list(value: Option<&Value>) -> Result<&[Value], Malformed> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Malformed),
    }
}

/// Gives the value at `path` the type that JSON could not say. `root` holds the whole under the empty key.
fn restore(code: u64, path: &[Value], root: &mut Value) -> Result<(), Malformed> {
    let (mut parent, mut last) = (root, &Value::String(String::new()));
    for segment in path {
        parent = child(parent, last).ok_or(Malformed)?;
        last = segment;
    }
    let value = child(parent, last).ok_or(Malformed)?;
    let fits = match (code, &*value) {
        (0, Value::String(digits)) => {
            let number = integer(digits)?;
            if let Some(number) = number {
                *value = number;
            }
            true
        }
        (1, Value::String(_) | Value::Null) | (2 | 3, Value::Null) | (4, Value::String(_)) => true,
        (5, Value::String(pattern)) => pattern.strip_prefix('/').is_some_and(|rest| rest.contains('/')),
        (6, Value::Array(_)) => true,
        (7, Value::Array(entries)) => entries.iter().all(Value::is_array),
        _ => false,
    };
    if code == 3
        && let (Value::Object(parent), Value::String(key)) = (parent, last)
    {
        parent.shift_remove(key);
    }
    if fits { Ok(()) } else { Err(Malformed) }
}

fn child<'a>(parent: &'a mut Value, segment: &Value) -> Option<&'a mut Value> {
    match (parent, segment) {
        (Value::Object(fields), Value::String(key)) => fields.get_mut(key),
        (Value::Array(items), Value::Number(index)) => items.get_mut(usize::try_from(index.as_u64()?).ok()?),
        _ => None,
    }
}

/// A big integer as a number; none where it is too big for one and stays text.
fn integer(text: &str) -> Result<Option<Value>, Malformed> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" || !digits.starts_with('0');
    if digits.is_empty() || digits.len() > 4300 || !canonical || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Malformed);
    }
    Ok(text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok())
}

#[cfg(test)]
mod tests {
    use guildhall_domain::error::Segment;
    use serde_json::{Value, json};

    use super::{Malformed, close, open};

    /// The capture of `orpc-wire.md` §2.
    const CAPTURE: &str = r#"{"json":{"d":"1970-01-01T00:00:00.000Z","b":"123456789012345678901","nan":null,"url":"https://example.com/a?b=c","re":"/ab+c/gi","set":[1,"1970-01-01T00:00:00.000Z"],
 "map":[["k","1"],[{"a":1},"1970-01-01T00:00:00.000Z"]],"arr":["1970-01-01T00:00:00.000Z",null,{"x":["2"]}],"inf":null,"nested":{"dates":["1970-01-01T00:00:00.000Z",["1970-01-01T00:00:00.001Z"]]},"invalid":null,"neg0":0},
 "meta":[[1,"d"],[0,"b"],[2,"nan"],[4,"url"],[5,"re"],[1,"set",1],[6,"set"],[0,"map",0,1],[1,"map",1,1],[7,"map"],[1,"arr",0],[3,"arr",1],[0,"arr",2,"x",0],[1,"nested","dates",0],[1,"nested","dates",1,0],[1,"invalid"]]}"#;

    fn opened(envelope: Value) -> Result<Option<Value>, Malformed> {
        open(Some(envelope))
    }

    #[test]
    fn the_capture_of_every_type_opens() {
        let capture: Value = serde_json::from_str(CAPTURE).unwrap();
        let mut expected = capture["json"].clone();
        expected["map"][0][1] = json!(1);
        expected["arr"][2]["x"][0] = json!(2);
        assert_eq!(opened(capture), Ok(Some(expected)));
    }

    #[test]
    fn nothing_null_and_a_root_of_its_own_type_are_told_apart() {
        assert_eq!(open(None), Ok(None));
        assert_eq!(opened(json!({})), Ok(None));
        assert_eq!(opened(json!({ "json": null })), Ok(Some(Value::Null)));
        assert_eq!(opened(json!({ "json": null, "meta": [[3]] })), Ok(None));
        assert_eq!(opened(json!({ "json": "7", "meta": [[0]] })), Ok(Some(json!(7))));
        assert_eq!(opened(json!({ "json": 1, "meta": null, "maps": [] })), Ok(Some(json!(1))));
        assert_eq!(opened(json!({ "json": { "a": null, "b": 1 }, "meta": [[3, "a"]] })), Ok(Some(json!({ "b": 1 }))));
        assert_eq!(opened(json!({ "json": 1, "meta": [[99, "no", "where"], ["date", "x"], []] })), Ok(Some(json!(1))));
    }

    #[test]
    fn an_envelope_that_lies_is_refused() {
        let lies = [
            json!(null),
            json!([]),
            json!("x"),
            json!({ "meta": [[1]] }),
            json!({ "json": {}, "meta": [[1, "a"]] }),
            json!({ "json": [], "meta": [[1, 0]] }),
            json!({ "json": { "a": 1 }, "meta": [[1, "a"]] }),
            json!({ "json": { "a": 1 }, "meta": [[0, "a"]] }),
            json!({ "json": "01", "meta": [[0]] }),
            json!({ "json": "+1", "meta": [[0]] }),
            json!({ "json": "-", "meta": [[0]] }),
            json!({ "json": "9".repeat(4301), "meta": [[0]] }),
            json!({ "json": 1, "meta": [[2]] }),
            json!({ "json": 1, "meta": [[3]] }),
            json!({ "json": 1, "meta": [[4]] }),
            json!({ "json": "ab", "meta": [[5]] }),
            json!({ "json": {}, "meta": [[6]] }),
            json!({ "json": [1], "meta": [[7]] }),
            json!({ "json": 1, "meta": [1] }),
            json!({ "json": 1, "meta": {} }),
            json!({ "json": {}, "maps": [[]] }),
            json!({ "json": [1], "meta": [[1, -1]] }),
            json!({ "json": { "a": 1 }, "meta": [[3, "a"]] }),
        ];
        for lie in lies {
            assert_eq!(opened(lie.clone()), Err(Malformed), "{lie}");
        }
    }

    #[test]
    fn an_answer_says_where_its_dates_are() {
        let at = json!([{ "t": "2026-01-02T03:04:05.678Z", "count": 3 }]);
        let closed = close(at, vec![vec![Segment::Index(0), "t".into()]]);
        let capture = r#"{"json":[{"t":"2026-01-02T03:04:05.678Z","count":3}],"meta":[[1,0,"t"]]}"#;
        assert_eq!(closed.to_string(), capture);
        assert_eq!(close(Value::Null, Vec::new()).to_string(), r#"{"json":null}"#);
        assert_eq!(close(json!("x"), vec![Vec::new()]).to_string(), r#"{"json":"x","meta":[[1]]}"#);
    }
}
