//! A file in parts into records: a line each, except where CSV has a line break between quotes.

use edgesync_schemas::limit;

use super::Format;

/// A record of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Its bytes, without the line break.
    Record(Vec<u8>),
    /// More bytes than a line may have; they are gone.
    TooLong,
}

/// Finds where records end. Empty lines are passed over.
#[derive(Debug)]
pub(super) struct Splitter {
    format: Format,
    bytes: Vec<u8>,
    // Of the record that is looked at: where it begins, and how far it was looked at.
    start: usize,
    at: usize,
    state: State,
    // Number of the line that the record begins with, and of the one looked at.
    first_line: u64,
    line: u64,
    is_ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Where a field begins: a quote opens it.
    FieldStart,
    /// Where a quote is a character like any other.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes the field, or is the first of two that stand for one.
    Quote,
    /// In a line that is too long, up to its end.
    Skipped,
}

impl Splitter {
    pub fn new(format: Format) -> Self {
        Self {
            format,
            bytes: Vec::new(),
            start: 0,
            at: 0,
            state: State::FieldStart,
            first_line: 1,
            line: 1,
            is_ended: false,
        }
    }

    /// Adds the next part of the file.
    pub fn push(&mut self, part: &[u8]) {
        self.bytes.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(part);
    }

    /// The file has no further part: what is left is a record.
    pub fn end(&mut self) {
        self.is_ended = true;
    }

    /// The next record that is complete, and the number of its first line.
    pub fn next(&mut self) -> Option<(u64, Piece)> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
                if self.state != State::Quoted {
                    if let Some(record) = self.cut(self.at - 1) {
                        return Some(record);
                    }
                    continue;
                }
            }
            self.state = self.state.after(byte, self.format);
            if self.at - self.start > limit::IMPORT_LINE_BYTES && self.state != State::Skipped {
                // Between quotes nobody knows where it would have ended: the next line is tried as a record.
                self.state = State::Skipped;
                self.start = self.at;
                return Some((self.first_line, Piece::TooLong));
            }
            if self.state == State::Skipped {
                self.start = self.at;
            }
        }
        if self.is_ended && self.start < self.bytes.len() {
            return self.cut(self.bytes.len());
        }
        None
    }

    /// Ends the record; what was too long was told already, and an empty line is none.
    fn cut(&mut self, end: usize) -> Option<(u64, Piece)> {
        let record = self.bytes.get(self.start..end).unwrap_or_default();
        let record = record.strip_suffix(b"\r").unwrap_or(record).to_vec();
        let number = self.first_line;
        let is_told = self.state == State::Skipped;
        self.start = self.at;
        self.first_line = self.line;
        self.state = State::FieldStart;
        (!is_told && !record.is_empty()).then_some((number, Piece::Record(record)))
    }
}

impl State {
    fn after(self, byte: u8, format: Format) -> Self {
        match (self, byte) {
            (Self::Skipped, _) => Self::Skipped,
            (_, _) if format == Format::Ndjson => Self::Plain,
            (Self::FieldStart | Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::FieldStart,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records with their line numbers, whatever parts the file comes in.
    fn records(format: Format, file: &str) -> Vec<(u64, String)> {
        let mut all: Option<Vec<(u64, String)>> = None;
        for size in [1, 2, 3, 7, file.len().max(1)] {
            let mut splitter = Splitter::new(format);
            let mut found = Vec::new();
            let mut collect = |splitter: &mut Splitter| {
                while let Some((line, piece)) = splitter.next() {
                    let text = match piece {
                        Piece::Record(record) => String::from_utf8(record).unwrap(),
                        Piece::TooLong => "too long".to_owned(),
                    };
                    found.push((line, text));
                }
            };
            for part in file.as_bytes().chunks(size) {
                splitter.push(part);
                collect(&mut splitter);
                assert!(splitter.bytes.len() <= limit::IMPORT_LINE_BYTES + 2 * size);
            }
            splitter.end();
            collect(&mut splitter);
            assert_eq!(all.get_or_insert_with(|| found.clone()), &found, "parts of {size}");
        }
        all.unwrap()
    }

    fn expect(format: Format, file: &str, expected: &[(u64, &str)]) {
        let found = records(format, file);
        let found: Vec<(u64, &str)> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, expected, "{file:?}");
    }

    #[test]
    fn a_line_break_between_quotes_does_not_end_a_record() {
        expect(
            Format::Csv,
            "a,\"b\nc\",d\r\n\ne,f\"g,h\n\"i\"\"\nj\",\"\"\nlast",
            &[(1, "a,\"b\nc\",d"), (4, "e,f\"g,h"), (5, "\"i\"\"\nj\",\"\""), (7, "last")],
        );
        expect(Format::Ndjson, "{\"a\":\"\n\"}\n\n{}", &[(1, "{\"a\":\""), (2, "\"}"), (4, "{}")]);
        expect(Format::Csv, "", &[]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once_and_the_next_is_read() {
        let long = "x".repeat(limit::IMPORT_LINE_BYTES + 10);
        expect(Format::Ndjson, &format!("a\n{long}\nb\n"), &[(1, "a"), (2, "too long"), (3, "b")]);
        expect(Format::Csv, &format!("a\n\"{long}\nb\n"), &[(1, "a"), (2, "too long"), (3, "b")]);
        expect(Format::Csv, &format!("a\n{long}"), &[(1, "a"), (2, "too long")]);
    }
}
