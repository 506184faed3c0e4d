-- Who changed what. A book is an organization or, for what concerns no organization, an account: book_id is the id of either.
-- seq counts within the book and says which entries are too many. Nothing refers to it, and it refers to nothing: an entry
-- outlives what it tells of.

CREATE TABLE audit_log (
    id BLOB NOT NULL PRIMARY KEY,
    book_id BLOB NOT NULL,
    is_account INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    target_id BLOB NOT NULL,
    details TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_by_page ON audit_log (book_id, id);
CREATE INDEX audit_log_by_seq ON audit_log (book_id, seq);
