-- Runs of flows and what their nodes did, records that flows could not handle, and who deployed which version.

-- No foreign key: who did it may be gone. Of versions that were there before it is not known.
ALTER TABLE flow_versions ADD COLUMN deployed_by UUID;

CREATE TABLE flow_executions (
    id UUID NOT NULL PRIMARY KEY,
    flow_id UUID NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    trigger_kind TEXT COLLATE "C" NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    result JSON NOT NULL,
    error_message TEXT COLLATE "C"
);
CREATE INDEX flow_executions_by_flow ON flow_executions (flow_id, id);
CREATE INDEX flow_executions_open ON flow_executions (flow_id) WHERE completed_at IS NULL;

-- seq counts within a flow and a scope, and says which entries are too many.
CREATE TABLE node_executions (
    id UUID NOT NULL PRIMARY KEY,
    flow_execution_id UUID NOT NULL REFERENCES flow_executions (id) ON DELETE CASCADE,
    flow_id UUID NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    node_id TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    input_data JSON NOT NULL,
    output_data JSON NOT NULL,
    records_in BIGINT NOT NULL,
    records_out BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    busy_ns BIGINT NOT NULL,
    executed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX node_executions_by_execution ON node_executions (flow_execution_id, id);
CREATE INDEX node_executions_by_seq ON node_executions (flow_id, scope, seq);

-- seq counts within a flow. The device is not a foreign key: a letter outlives it.
CREATE TABLE dead_letters (
    id UUID NOT NULL PRIMARY KEY,
    flow_id UUID NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    node_id TEXT COLLATE "C" NOT NULL,
    device_id UUID,
    sensor_type TEXT COLLATE "C",
    event_time TIMESTAMPTZ NOT NULL,
    arrival_offset BIGINT NOT NULL,
    value JSON NOT NULL,
    is_cut BOOLEAN NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    skipped BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dead_letters_by_page ON dead_letters (flow_id, id);
CREATE INDEX dead_letters_by_seq ON dead_letters (flow_id, seq);
