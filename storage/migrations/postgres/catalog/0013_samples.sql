-- The newest values of the flows' nodes that widgets show: a ring for each widget, slot = n mod max_samples. Nothing but the key is in an
-- index, and rows are replaced, not removed: with room in its page a row is replaced there, and no index is written.
CREATE TABLE widget_samples (
    widget_id UUID NOT NULL REFERENCES dashboard_widgets (id) ON DELETE CASCADE,
    slot BIGINT NOT NULL,
    n BIGINT NOT NULL,
    ts TIMESTAMPTZ NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    unit TEXT COLLATE "C",
    raw TEXT COLLATE "C",
    arrival_offset BIGINT NOT NULL,
    PRIMARY KEY (widget_id, slot)
) WITH (fillfactor = 70);

CREATE INDEX dashboard_widgets_of_nodes ON dashboard_widgets (id) WHERE data_source_type = 'flow_node';

-- When what is kept of it became another: its source, or how much. How it is drawn does not matter.
ALTER TABLE dashboard_widgets ADD COLUMN kept_since TIMESTAMPTZ NOT NULL DEFAULT 'epoch';
UPDATE dashboard_widgets SET kept_since = updated_at;
