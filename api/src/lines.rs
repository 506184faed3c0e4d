//! Bodies of many things: CSV with a header, or JSON, one to a line. What is wrong with a line concerns that line alone.
//!
//! A CSV record becomes the JSON object that its header makes of it, with all values as text; an empty cell is an absent field. So
//! both forms are checked by the same code.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use edgesync_schemas::limit;
use serde_json::{Map, Value};

use crate::body;
use crate::error::Problem;
use crate::state::AppState;

/// One of many things: in which line it stands, counted from 1, and what it is.
#[derive(Debug, PartialEq)]
pub struct Line {
    /// The line; of a CSV record of several, the first.
    pub number: u64,
    /// JSON, or why it is none.
    pub body: Result<Value, Problem>,
}

/// The body of somebody who is known: at least one line and at most [`limit::BULK_LINES`]. Empty lines are left out.
#[derive(Debug)]
pub struct Lines(pub Vec<Line>);

impl FromRequest<AppState> for Lines {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let form = Form::of(request.headers())?;
        let body = body::read_users(request, &state.bodies).await?;
        let lines = match form {
            Form::Csv => csv_lines(&body.bytes)?,
            Form::Json => json_lines(&body.bytes)?,
        };
        if lines.is_empty() {
            Err(Problem::bad_request("no_lines", "the body has no lines"))
        } else {
            Ok(Self(lines))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let value =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/csv" => Ok(Self::Csv),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Json),
            _ => {
                let (code, detail) =
                    ("unsupported_media_type", "the body must be text/csv or application/x-ndjson");
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail))
            }
        }
    }
}

fn json_lines(bytes: &[u8]) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            push(&mut lines, Line { number: at as u64 + 1, body: body::parse(line) })?;
        }
    }
    Ok(lines)
}

fn csv_lines(bytes: &[u8]) -> Result<Vec<Line>, Problem> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    if let Some(twice) =
        header.iter().enumerate().find(|(at, name)| header.iter().take(*at).any(|of| of == *name))
    {
        return Err(Problem::bad_request(
            "malformed_csv",
            format!("the header has the column {:?} twice", twice.1),
        ));
    }
    let mut numbers = Numbers { bytes, at: 0, line: 1 };
    let mut lines = Vec::new();
    for record in reader.records() {
        let line = match record {
            Ok(record) => {
                let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
                let object = cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect::<Map<_, _>>();
                Line { number: numbers.of(record.position()), body: Ok(Value::Object(object)) }
            }
            Err(error) => Line { number: numbers.of(error.position()), body: Err(malformed(&error)) },
        };
        push(&mut lines, line)?;
    }
    Ok(lines)
}

/// Tells numbers of lines, of places that ascend. The reader's own are one behind where lines end in CR LF.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Numbers<'_> {
    fn of(&mut self, record: Option<&csv::Position>) -> u64 {
        let from = record.and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or(self.at);
        let from = from.clamp(self.at, self.bytes.len());
        // The place is behind the record before, which may be amid a line's end, and there may be empty lines.
        let blank = self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = &self.bytes[self.at..from + blank];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = from + blank;
        self.line
    }
}

fn malformed(error: &csv::Error) -> Problem {
    Problem::bad_request("malformed_csv", error.to_string())
}

fn push(lines: &mut Vec<Line>, line: Line) -> Result<(), Problem> {
    if lines.len() == limit::BULK_LINES {
        let detail = format!("the body has more than {} lines", limit::BULK_LINES);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_lines", detail));
    }
    lines.push(line);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(lines: Vec<Line>) -> Vec<(u64, Result<Value, String>)> {
        lines
            .into_iter()
            .map(|line| (line.number, line.body.map_err(|problem| problem.code.into())))
            .collect()
    }

    #[test]
    fn a_bad_line_of_json_is_named_and_the_others_are_read() {
        let lines = json_lines(b"{\"a\": 1}\r\n\n{\"a\": }\n  [2]").unwrap();
        let broken = Err("malformed_json".to_owned());
        assert_eq!(told(lines), [(1, Ok(json!({"a": 1}))), (3, broken), (4, Ok(json!([2])))]);
    }

    #[test]
    fn a_csv_record_is_the_object_that_its_header_makes_of_it() {
        let mut bytes =
            "\u{feff}name, kind ,size\r\npump,\"two\r\nlines, \"\"quoted\"\"\",7\r\nfan,,\r\nshort\n"
                .as_bytes()
                .to_vec();
        bytes.extend(b"\xff,b,c\nhose,b,c\n");
        let lines = told(csv_lines(&bytes).unwrap());
        let broken = || Err("malformed_csv".to_owned());
        let expected = [
            (2, Ok(json!({"name": "pump", "kind": "two\r\nlines, \"quoted\"", "size": "7"}))),
            (4, Ok(json!({"name": "fan"}))),
            (5, broken()),
            (6, broken()),
            (7, Ok(json!({"name": "hose", "kind": "b", "size": "c"}))),
        ];
        assert_eq!(lines, expected);
        let twice = csv_lines(b"name,name\n").unwrap_err();
        assert_eq!(twice.code, "malformed_csv");
    }

    #[test]
    fn more_lines_than_allowed_are_refused_whole() {
        let lines = |count| "{}\n".repeat(count).into_bytes();
        assert_eq!(json_lines(&lines(limit::BULK_LINES)).unwrap().len(), limit::BULK_LINES);
        assert_eq!(json_lines(&lines(limit::BULK_LINES + 1)).unwrap_err().code, "too_many_lines");
        let csv = "a\n".to_owned() + &"1\n".repeat(limit::BULK_LINES + 1);
        assert_eq!(csv_lines(csv.as_bytes()).unwrap_err().code, "too_many_lines");
    }
}
