-- What is known of a key's work, beside applied: begun says that work outside of the catalog may have been done, of which no transaction
-- tells; ended that the work came to its end.
ALTER TABLE idempotency_keys ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency_keys ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;

CREATE INDEX api_tokens_by_end ON api_tokens (expires_at);
