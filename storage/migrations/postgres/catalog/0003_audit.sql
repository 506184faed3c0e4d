-- Who changed what. A book is an organization or, for what concerns no organization, an account: book_id is the id of either.
-- seq counts within the book and says which entries are too many. Nothing refers to it, and it refers to nothing: an entry
-- outlives what it tells of.

CREATE TABLE audit_log (
    id UUID NOT NULL PRIMARY KEY,
    book_id UUID NOT NULL,
    is_account BOOLEAN NOT NULL,
    seq BIGINT NOT NULL,
    actor_id UUID,
    action TEXT COLLATE "C" NOT NULL,
    target_id UUID NOT NULL,
    details JSON NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX audit_log_by_page ON audit_log (book_id, id);
CREATE INDEX audit_log_by_seq ON audit_log (book_id, seq);
