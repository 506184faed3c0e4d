-- What flows store. Ids as those of `series`. All zeros, and empty text, where rows are of no device, or of no sensor.
CREATE TABLE derived_series (
    id INTEGER PRIMARY KEY,
    flow_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    device_id UUID NOT NULL,
    sensor_type TEXT COLLATE "C" NOT NULL,
    UNIQUE (flow_id, name, device_id, sensor_type)
);

-- One row per series and event time: a later result takes the place of an earlier one.
CREATE TABLE derived (
    ts TIMESTAMPTZ NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    log_offset BIGINT NOT NULL,
    series_id INTEGER NOT NULL,
    quality SMALLINT NOT NULL,
    unit TEXT,
    -- Original of a value that is no number.
    raw JSON,
    PRIMARY KEY (series_id, ts)
);

CREATE VIEW derived_data AS
SELECT s.flow_id, s.name, nullif(s.device_id, '00000000-0000-0000-0000-000000000000') AS device_id,
    nullif(s.sensor_type, '') AS sensor_type, d.value, d.unit, d.ts AS "timestamp", d.raw AS raw_data
FROM derived d
JOIN derived_series s ON s.id = d.series_id;
