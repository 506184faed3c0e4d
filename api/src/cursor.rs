//! Cursors: the entry that the next page of a list comes after, as opaque text.
//!
//! A letter for the version, the list it belongs to, the entry's id, and the value that the list is sorted by. Of readings: another letter,
//! the list, and the place as the log writes it.

use edgesync_schemas::time::Timestamp;
use edgesync_storage::catalog::{After, Key};
use uuid::Uuid;

/// Version of cursors, so that a later kind can be told apart.
const VERSION: &str = "b";
/// As above, of those that hold a place of the log.
const OF_LOG: &str = "r";

/// A cursor that names this entry.
pub fn write(after: &After) -> String {
    let head = format!("{VERSION}{:016x}{}", after.question, after.id.simple());
    match &after.key {
        Key::Id => head,
        Key::Time(time) => format!("{head}t{}", time.as_us()),
        Key::Text(text) => text.bytes().fold(head + "n", |cursor, byte| format!("{cursor}{byte:02x}")),
    }
}

/// The entry that a cursor names; nothing if it is none of ours.
pub fn read(cursor: &str) -> Option<After> {
    let rest = cursor.strip_prefix(VERSION).filter(|rest| rest.is_ascii())?;
    let (question, rest) = rest.split_at_checked(16)?;
    let (id, key) = rest.split_at_checked(32)?;
    let key = match (key.get(..1), key.get(1..)) {
        (None, _) => Key::Id,
        (Some("t"), Some(us)) => Key::Time(Timestamp::from_us(us.parse().ok()?)?),
        (Some("n"), Some(hex)) => Key::Text(text(hex)?),
        _ => return None,
    };
    Some(After { id: Uuid::try_parse(id).ok()?, key, question: u64::from_str_radix(question, 16).ok()? })
}

/// A cursor that holds a place of the log.
pub fn write_place(question: u64, place: &str) -> String {
    format!("{OF_LOG}{question:016x}{place}")
}

/// The list that a cursor belongs to and the place that it holds; nothing if it is none of ours.
pub fn read_place(cursor: &str) -> Option<(u64, &str)> {
    let (question, place) = cursor.strip_prefix(OF_LOG)?.split_at_checked(16)?;
    Some((u64::from_str_radix(question, 16).ok()?, place))
}

fn text(hex: &str) -> Option<String> {
    let bytes =
        hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_readings_is_read_back_and_is_none_of_another_kind() {
        let cursor = write_place(u64::MAX - 7, "a0123");
        assert_eq!(read_place(&cursor), Some((u64::MAX - 7, "a0123")));
        assert_eq!(read(&cursor), None);
        let other = write(&After { id: Uuid::now_v7(), key: Key::Id, question: 7 });
        for wrong in [&*other, "", "r", "r0123", "rzzzzzzzzzzzzzzzz", "rä0123456789abcdef"] {
            assert_eq!(read_place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        let id = Uuid::now_v7();
        for key in
            [Key::Id, Key::Text(String::new()), Key::Text("工場 %_\\'".to_owned()), Key::Time(Timestamp::MIN)]
        {
            let after = After { id, key, question: u64::MAX - 7 };
            assert_eq!(read(&write(&after)), Some(after));
        }
        let good = write(&After { id, key: Key::Id, question: 7 });
        let wrong = [
            "",
            "b",
            &good[1..],
            &format!("a{}", &good[1..]),
            &good[..40],
            &format!("{good}x"),
            &format!("{good}n0"),
            &format!("{good}n00"),
            &format!("{good}nff"),
            &format!("{good}t"),
            &format!("{good}t9e9"),
            &"ä".repeat(30),
        ];
        for wrong in wrong {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
