//! Parts of lists: which entries, in which order, and after which.
//!
//! A list is read in pages that begin after an entry, not at a number: what is added or removed meanwhile makes no entry come
//! twice and none be left out. The entry is named by the value that the list is sorted by, and by its id where values are equal.
//!
//! A new list that is sorted takes its statement from `sorted!`, its parameters' end from [`Slice::end`], and is cut by
//! [`Slice::cut_by`]. One that has only its own order compares `id > $n` with [`Slice::after`] and is cut by [`Slice::cut`].

use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use uuid::Uuid;

use super::value::Value;

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The order in which entries were made, by their ids.
    #[default]
    Id,
    /// The name, byte by byte.
    Name,
    /// When it was made.
    CreatedAt,
    /// When it was changed last.
    UpdatedAt,
    /// When a device was last seen; one that never was, when it was made.
    LastSeen,
    /// When a member joined.
    JoinedAt,
}

impl SortKey {
    /// Those that have a name in addresses.
    pub const NAMED: [Self; 5] =
        [Self::Name, Self::CreatedAt, Self::UpdatedAt, Self::LastSeen, Self::JoinedAt];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "",
            Self::Name => "name",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::LastSeen => "last_seen",
            Self::JoinedAt => "joined_at",
        }
    }
}

/// An order: by a key, and by the id where that is equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Order {
    /// By what.
    pub key: SortKey,
    /// The greatest first.
    pub descending: bool,
}

impl std::str::FromStr for Order {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let key = SortKey::NAMED.into_iter().find(|key| key.name() == name);
        let key = key.ok_or_else(|| format!("cannot be {text:?}"))?;
        Ok(Self { key, descending })
    }
}

/// The value of a sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Of [`SortKey::Id`]: the id says it.
    Id,
    /// A name.
    Text(String),
    /// A time.
    Time(Timestamp),
}

impl Key {
    /// Whether it is a value of this key: PostgreSQL compares nothing else, and what SQLite makes of it is no order.
    #[must_use]
    pub fn fits(&self, key: SortKey) -> bool {
        match key {
            SortKey::Id => matches!(self, Self::Id),
            SortKey::Name => matches!(self, Self::Text(_)),
            SortKey::CreatedAt | SortKey::UpdatedAt | SortKey::LastSeen | SortKey::JoinedAt => {
                matches!(self, Self::Time(_))
            }
        }
    }
}

/// An entry that the next part of a list comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// Its id.
    pub id: Uuid,
    /// What the list is sorted by.
    pub key: Key,
    /// As [`Slice::question`].
    pub question: u64,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The last entry of the part before; none for the first part.
    pub after: Option<After>,
    /// In which order. Lists that have only their own do not look at it.
    pub order: Order,
    /// Entries at most.
    pub limit: usize,
    /// What the whole list is, for who makes cursors: it comes back in [`Listing::next`] as it is.
    pub question: u64,
}

impl Slice {
    /// The first part, as long as it can be, in the order of creation.
    pub const FIRST: Self = Self::first(limit::PAGE_MAX);

    /// The first `limit` entries in the order of creation.
    pub const fn first(limit: usize) -> Self {
        let order = Order { key: SortKey::Id, descending: false };
        Self { after: None, order, limit, question: 0 }
    }

    /// The id that entries come after, in ascending order.
    pub(super) fn after(&self) -> Uuid {
        self.after.as_ref().map_or(Uuid::nil(), |after| after.id)
    }

    /// The id that entries come after, in descending order.
    pub(super) fn before(&self) -> Uuid {
        self.after.as_ref().map_or(Uuid::max(), |after| after.id)
    }

    /// One more than wanted, to know whether there are more.
    pub(super) fn fetch(&self) -> i64 {
        i64::try_from(self.limit.min(limit::PAGE_MAX)).unwrap_or(0) + 1
    }

    /// The last three parameters of a statement of `sorted!`: the key and the id that entries come after, and how many.
    pub(super) fn end(&self) -> [Value; 3] {
        let key = self.after.as_ref().map(|after| match &after.key {
            Key::Id => after.id.into(),
            Key::Text(text) => text.as_str().into(),
            Key::Time(time) => (*time).into(),
        });
        [key.unwrap_or(Value::Null), self.after().into(), self.fetch().into()]
    }

    /// The part of a list that has only its own order.
    pub(super) fn cut<T>(&self, items: Vec<T>, id: impl Fn(&T) -> Uuid) -> Listing<T> {
        self.cut_with(items, |entry| (id(entry), Key::Id))
    }

    /// The part of a list that is sorted.
    pub(super) fn cut_by<T>(&self, items: Vec<T>, keys: impl Fn(&T) -> Keys<'_>) -> Listing<T> {
        self.cut_with(items, |entry| {
            let keys = keys(entry);
            let key = match self.order.key {
                SortKey::Id => Key::Id,
                SortKey::Name => Key::Text(keys.name.to_owned()),
                SortKey::CreatedAt | SortKey::JoinedAt => Key::Time(keys.created_at),
                SortKey::UpdatedAt => Key::Time(keys.updated_at),
                SortKey::LastSeen => Key::Time(keys.last_seen.unwrap_or(keys.created_at)),
            };
            (keys.id, key)
        })
    }

    fn cut_with<T>(&self, mut items: Vec<T>, after: impl Fn(&T) -> (Uuid, Key)) -> Listing<T> {
        let limit = self.limit.min(limit::PAGE_MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| {
            let (id, key) = after(last);
            After { id, key, question: self.question }
        });
        Listing { items, next }
    }
}

/// What an entry of a sorted list is sorted by.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) id: Uuid,
    pub(super) name: &'a str,
    /// Of a member, when they joined.
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) last_seen: Option<Timestamp>,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What the next part comes after; none if this is the last.
    pub next: Option<After>,
}

/// The statement of a list in the order that is asked for: `$select` has all conditions but where to begin, and the columns that
/// are sorted by follow, that of the id first. The last three parameters are [`Slice::end`], which stand as `$key`, `$id` and `$limit`.
macro_rules! sorted {
    ($order:expr, $select:literal, [$key:literal, $id:literal, $limit:literal], Id: $column:literal $(, $sort:ident: $by:literal)*) => {
        match ($order.key, $order.descending) {
            $(
                (SortKey::$sort, false) => sorted!(@ $select, $by, ">", "", $column, $key, $id, $limit),
                (SortKey::$sort, true) => sorted!(@ $select, $by, "<", " DESC", $column, $key, $id, $limit),
            )*
            (_, false) => sorted!(@ $select, $column, ">", "", $column, $key, $id, $limit),
            (_, true) => sorted!(@ $select, $column, "<", " DESC", $column, $key, $id, $limit),
        }
    };
    (@ $select:literal, $by:literal, $than:literal, $way:literal, $column:literal, $key:literal, $id:literal, $limit:literal) => {
        concat!($select, " AND ((", $by, ", ", $column, ") ", $than, " (", $key, ", ", $id, ") OR ", $key, " IS NULL) ORDER BY ",
            $by, $way, ", ", $column, $way, " LIMIT ", $limit)
    };
}
pub(super) use sorted;
