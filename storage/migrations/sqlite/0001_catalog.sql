-- The catalog's first tables. Ids are UUIDs of 16 bytes and times microseconds since the epoch, both made by the server;
-- JSON is text and never looked into; names of enums are those of the REST API.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_profiles (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    subscription_type TEXT NOT NULL,
    device_limit INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    token_prefix TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES users (id),
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX organizations_by_owner ON organizations (owner_id);

-- The key starts with the user because every question does: what may this one see?
CREATE TABLE organization_members (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    invited_by BLOB REFERENCES users (id) ON DELETE SET NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, organization_id)
) STRICT;
CREATE INDEX organization_members_by_organization ON organization_members (organization_id);

CREATE TABLE projects (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    creator_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    auto_save INTEGER NOT NULL,
    data_retention_days INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (organization_id, name)
) STRICT;

-- Two tokens at most: the present one, and for a chosen time the one before it.
CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    creator_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    device_type TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    token_prefix TEXT NOT NULL,
    previous_token_hash BLOB UNIQUE,
    previous_token_until INTEGER,
    status TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    last_seen INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (organization_id, name)
) STRICT;
CREATE INDEX devices_by_page ON devices (organization_id, id);
CREATE INDEX devices_by_creator ON devices (creator_id);

CREATE TABLE flows (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id BLOB NOT NULL REFERENCES users (id),
    project_id BLOB REFERENCES projects (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    nodes TEXT NOT NULL,
    edges TEXT NOT NULL,
    metadata TEXT NOT NULL,
    tags TEXT NOT NULL,
    version INTEGER NOT NULL,
    deployed_version INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX flows_by_owner ON flows (owner_id, id);
CREATE INDEX flows_by_project ON flows (project_id, id);
CREATE INDEX flows_deployed ON flows (id) WHERE deployed_version IS NOT NULL;

-- What was deployed, as it was deployed. Never changed.
CREATE TABLE flow_versions (
    flow_id BLOB NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    diagram TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (flow_id, version)
) STRICT;

CREATE TABLE dashboard_templates (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    project_id BLOB REFERENCES projects (id) ON DELETE SET NULL,
    creator_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    layout TEXT NOT NULL,
    widgets TEXT NOT NULL,
    datasources TEXT NOT NULL,
    update_frequency INTEGER NOT NULL,
    flow_config TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dashboard_templates_by_page ON dashboard_templates (organization_id, id);
CREATE INDEX dashboard_templates_by_project ON dashboard_templates (project_id);

-- The source is not a foreign key: a widget outlives its device or flow, and says so when it is opened.
CREATE TABLE dashboard_widgets (
    id BLOB NOT NULL PRIMARY KEY,
    dashboard_template_uuid BLOB NOT NULL REFERENCES dashboard_templates (id) ON DELETE CASCADE,
    widget_id TEXT NOT NULL,
    title TEXT NOT NULL,
    widget_type TEXT NOT NULL,
    widget_config TEXT NOT NULL,
    grid_position TEXT NOT NULL,
    data_source_type TEXT NOT NULL,
    flow_id BLOB,
    node_id TEXT,
    output_field TEXT,
    device_id BLOB,
    sensor_type TEXT,
    static_value TEXT,
    aggregation TEXT NOT NULL,
    refresh_interval INTEGER NOT NULL,
    max_samples INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (dashboard_template_uuid, widget_id)
) STRICT;
