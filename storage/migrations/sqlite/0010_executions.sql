-- Runs of flows and what their nodes did, records that flows could not handle, and who deployed which version.

-- No foreign key: who did it may be gone. Of versions that were there before it is not known.
ALTER TABLE flow_versions ADD COLUMN deployed_by BLOB;

CREATE TABLE flow_executions (
    id BLOB NOT NULL PRIMARY KEY,
    flow_id BLOB NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    result TEXT NOT NULL,
    error_message TEXT
) STRICT;
CREATE INDEX flow_executions_by_flow ON flow_executions (flow_id, id);
CREATE INDEX flow_executions_open ON flow_executions (flow_id) WHERE completed_at IS NULL;

-- seq counts within a flow and a scope, and says which entries are too many.
CREATE TABLE node_executions (
    id BLOB NOT NULL PRIMARY KEY,
    flow_execution_id BLOB NOT NULL REFERENCES flow_executions (id) ON DELETE CASCADE,
    flow_id BLOB NOT NULL,
    scope TEXT NOT NULL,
    seq INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    status TEXT NOT NULL,
    input_data TEXT NOT NULL,
    output_data TEXT NOT NULL,
    records_in INTEGER NOT NULL,
    records_out INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    busy_ns INTEGER NOT NULL,
    executed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX node_executions_by_execution ON node_executions (flow_execution_id, id);
CREATE INDEX node_executions_by_seq ON node_executions (flow_id, scope, seq);

-- seq counts within a flow. The device is not a foreign key: a letter outlives it.
CREATE TABLE dead_letters (
    id BLOB NOT NULL PRIMARY KEY,
    flow_id BLOB NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    device_id BLOB,
    sensor_type TEXT,
    event_time INTEGER NOT NULL,
    arrival_offset INTEGER NOT NULL,
    value TEXT NOT NULL,
    is_cut INTEGER NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    skipped INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_letters_by_page ON dead_letters (flow_id, id);
CREATE INDEX dead_letters_by_seq ON dead_letters (flow_id, seq);
