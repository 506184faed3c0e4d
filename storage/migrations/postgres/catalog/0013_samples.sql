-- The newest values of the flows' nodes that widgets show: a ring for each widget, slot = n mod max_samples. Nothing but the key is in an
-- index, and rows are replaced, not removed: with room in its page a row is replaced there, and no index is written. Of a widget that shows
-- buckets a row is one: the value is the sum of its numbers, and its slot is whichever is free.
CREATE TABLE widget_samples (
    widget_id UUID NOT NULL REFERENCES dashboard_widgets (id) ON DELETE CASCADE,
    slot BIGINT NOT NULL,
    n BIGINT NOT NULL,
    ts TIMESTAMPTZ NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    unit TEXT COLLATE "C",
    raw TEXT COLLATE "C",
    arrival_offset BIGINT NOT NULL,
    -- of a bucket: its values, and those that are numbers, the smallest and largest of them, and how many of its values came from arrival_offset
    count BIGINT,
    numbers BIGINT,
    min DOUBLE PRECISION,
    max DOUBLE PRECISION,
    at_arrival BIGINT,
    PRIMARY KEY (widget_id, slot)
) WITH (fillfactor = 70);

CREATE INDEX dashboard_widgets_of_nodes ON dashboard_widgets (id) WHERE data_source_type = 'flow_node';

-- When what is kept of it became another: its source, how much, or in which buckets. How it is drawn does not matter.
ALTER TABLE dashboard_widgets ADD COLUMN kept_since TIMESTAMPTZ NOT NULL DEFAULT 'epoch';
UPDATE dashboard_widgets SET kept_since = updated_at;
