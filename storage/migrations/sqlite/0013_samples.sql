-- The newest values of the flows' nodes that widgets show: a ring for each widget, slot = n mod max_samples. Nothing but the key is in an
-- index, and rows are replaced, not removed. Of a widget that shows buckets a row is one: the value is the sum of its numbers, and its slot is
-- whichever is free.
CREATE TABLE widget_samples (
    widget_id BLOB NOT NULL REFERENCES dashboard_widgets (id) ON DELETE CASCADE,
    slot INTEGER NOT NULL,
    n INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    value REAL NOT NULL,
    unit TEXT,
    raw TEXT,
    arrival_offset INTEGER NOT NULL,
    -- of a bucket: its values, and those that are numbers, the smallest and largest of them, and how many of its values came from arrival_offset
    count INTEGER,
    numbers INTEGER,
    min REAL,
    max REAL,
    at_arrival INTEGER,
    PRIMARY KEY (widget_id, slot)
) STRICT, WITHOUT ROWID;

CREATE INDEX dashboard_widgets_of_nodes ON dashboard_widgets (id) WHERE data_source_type = 'flow_node';

-- When what is kept of it became another: its source, how much, or in which buckets. How it is drawn does not matter.
ALTER TABLE dashboard_widgets ADD COLUMN kept_since INTEGER NOT NULL DEFAULT 0;
UPDATE dashboard_widgets SET kept_since = updated_at;
