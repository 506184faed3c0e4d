-- The organization that the answer to a request with a key is about, if it is about one: who is no member of it any more is not answered
-- again. Of one that is deleted nobody is.
ALTER TABLE idempotency_keys ADD COLUMN organization_id UUID;
