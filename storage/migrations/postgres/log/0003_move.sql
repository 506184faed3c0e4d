-- A move into this log: one row at most. Until it is done no server starts on the log.
CREATE TABLE log_move (
    id BOOLEAN PRIMARY KEY DEFAULT true CHECK (id),
    -- Where from, and how much.
    word TEXT NOT NULL,
    is_done BOOLEAN NOT NULL,
    -- The last reading that is here. They come by series, event time and offset; each transaction moves this with what it stores.
    series_id INTEGER,
    ts TIMESTAMPTZ,
    log_offset BIGINT
);
