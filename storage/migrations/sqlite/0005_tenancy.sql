-- API tokens; the first user, who may have to prove something; and keys that a client sends to be answered once.

CREATE TABLE api_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id BLOB REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    token_prefix TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, id);
CREATE INDEX api_tokens_by_organization ON api_tokens (organization_id);

-- At most one row: whoever writes it is the first user, however many try at once.
CREATE TABLE first_users (
    place INTEGER NOT NULL PRIMARY KEY CHECK (place = 1),
    user_id BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO first_users (place, user_id, at) SELECT 1, u.id, u.created_at FROM users u ORDER BY u.id LIMIT 1;

-- A row is there before the work that it stands for. applied is set in the transaction that does the work, the answer after it.
CREATE TABLE idempotency_keys (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    applied INTEGER NOT NULL,
    made TEXT,
    answer TEXT,
    expires_at INTEGER NOT NULL,
    UNIQUE (user_id, idempotency_key)
) STRICT;
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (user_id, id);
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
