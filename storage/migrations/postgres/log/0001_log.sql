-- The reading log. What each table is for, and who may write it when: storage/src/log/postgres/mod.rs.

-- Ids are given out by the server that owns the log; they may have holes and are never reused.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    device_id UUID NOT NULL,
    sensor_type TEXT COLLATE "C" NOT NULL,
    units TEXT[] NOT NULL,
    UNIQUE (device_id, sensor_type)
);

-- One partition per day of event time, UTC: readings_YYYYMMDD. Eight-byte columns first: 68 bytes a row, nothing lost to alignment.
CREATE TABLE readings (
    ts TIMESTAMPTZ NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    log_offset BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    series_id INTEGER NOT NULL,
    -- Place in the series' units, from 1; 0 is none.
    unit SMALLINT NOT NULL,
    quality SMALLINT NOT NULL,
    -- Original of a value that is no number, as it was sent.
    raw JSON
) PARTITION BY RANGE (ts);
CREATE INDEX readings_by_series ON readings (series_id, ts);
-- For readers that catch up by offset: a commit's rows lie together, so this takes a few KB a day.
CREATE INDEX readings_by_offset ON readings USING BRIN (log_offset);

-- A row per commit, with the frame marks that it moved; all but the last are folded into `marks` from time to time.
CREATE TABLE log_commits (
    number BIGINT PRIMARY KEY,
    end_offset BIGINT NOT NULL,
    marks BYTEA NOT NULL
);
INSERT INTO log_commits (number, end_offset, marks) VALUES (0, 0, '');

-- Per device, its boots and their highest frames as of the last fold.
CREATE TABLE marks (
    device_id UUID PRIMARY KEY,
    boots BYTEA NOT NULL
);

-- One row: who owns the log, and the version of what is stored.
CREATE TABLE log_state (
    id BOOLEAN PRIMARY KEY DEFAULT true CHECK (id),
    format INTEGER NOT NULL,
    owner UUID NOT NULL
);
INSERT INTO log_state (format, owner) VALUES (1, '00000000-0000-0000-0000-000000000000');

CREATE TABLE bookmarks (
    name TEXT PRIMARY KEY,
    log_offset BIGINT NOT NULL
);

CREATE VIEW sensor_data AS
SELECT s.device_id, s.sensor_type, r.value, s.units[r.unit] AS unit, r.ts AS "timestamp", r.received_at, r.raw AS raw_data
FROM readings r
JOIN series s ON s.id = r.series_id;
