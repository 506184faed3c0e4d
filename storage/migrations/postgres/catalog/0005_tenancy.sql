-- API tokens; the first user, who may have to prove something; and keys that a client sends to be answered once.

CREATE TABLE api_tokens (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id UUID REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    scopes JSON NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    token_prefix TEXT COLLATE "C" NOT NULL,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, id);
CREATE INDEX api_tokens_by_organization ON api_tokens (organization_id);

-- At most one row: whoever writes it is the first user, however many try at once.
CREATE TABLE first_users (
    place BIGINT NOT NULL PRIMARY KEY CHECK (place = 1),
    user_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
INSERT INTO first_users (place, user_id, at) SELECT 1, u.id, u.created_at FROM users u ORDER BY u.id LIMIT 1;

-- A row is there before the work that it stands for. applied is set in the transaction that does the work, the answer after it.
CREATE TABLE idempotency_keys (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    applied BOOLEAN NOT NULL,
    made TEXT COLLATE "C",
    answer TEXT COLLATE "C",
    expires_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (user_id, id);
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
