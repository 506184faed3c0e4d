-- What flows remember, each at its own place in the log. A row is written whole: state and place go together.
CREATE TABLE flow_states (
    flow_id UUID PRIMARY KEY,
    state BYTEA NOT NULL
);
