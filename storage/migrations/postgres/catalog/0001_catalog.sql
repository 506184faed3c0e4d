-- The catalog's first tables. Ids and times are made by the server; JSON is kept as it was written and never looked into; names of
-- enums are those of the REST API. Text is compared by its bytes, as in SQLite, so that pages and searches are the same.

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE user_profiles (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    subscription_type TEXT COLLATE "C" NOT NULL,
    device_limit BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    token_prefix TEXT COLLATE "C" NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);

CREATE TABLE organizations (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT COLLATE "C" NOT NULL,
    owner_id UUID NOT NULL REFERENCES users (id),
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX organizations_by_owner ON organizations (owner_id);

-- The key starts with the user because every question does: what may this one see?
CREATE TABLE organization_members (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL,
    invited_by UUID REFERENCES users (id) ON DELETE SET NULL,
    joined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);
CREATE INDEX organization_members_by_organization ON organization_members (organization_id);

CREATE TABLE projects (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    creator_id UUID NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    tags JSON NOT NULL,
    metadata JSON NOT NULL,
    auto_save BOOLEAN NOT NULL,
    data_retention_days BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (organization_id, name)
);

-- Two tokens at most: the present one, and for a chosen time the one before it.
CREATE TABLE devices (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    creator_id UUID NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    device_type TEXT COLLATE "C" NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    token_prefix TEXT COLLATE "C" NOT NULL,
    previous_token_hash BYTEA UNIQUE,
    previous_token_until TIMESTAMPTZ,
    status TEXT COLLATE "C" NOT NULL,
    is_active BOOLEAN NOT NULL,
    last_seen TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (organization_id, name)
);
CREATE INDEX devices_by_page ON devices (organization_id, id);
CREATE INDEX devices_by_creator ON devices (creator_id);

CREATE TABLE flows (
    id UUID NOT NULL PRIMARY KEY,
    owner_id UUID NOT NULL REFERENCES users (id),
    project_id UUID REFERENCES projects (id) ON DELETE SET NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    nodes JSON NOT NULL,
    edges JSON NOT NULL,
    metadata JSON NOT NULL,
    tags JSON NOT NULL,
    version BIGINT NOT NULL,
    deployed_version BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX flows_by_owner ON flows (owner_id, id);
CREATE INDEX flows_by_project ON flows (project_id, id);
CREATE INDEX flows_deployed ON flows (id) WHERE deployed_version IS NOT NULL;

-- What was deployed, as it was deployed. Never changed.
CREATE TABLE flow_versions (
    flow_id UUID NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    diagram JSON NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (flow_id, version)
);

CREATE TABLE dashboard_templates (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    project_id UUID REFERENCES projects (id) ON DELETE SET NULL,
    creator_id UUID NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    layout JSON NOT NULL,
    widgets JSON NOT NULL,
    datasources JSON NOT NULL,
    update_frequency BIGINT NOT NULL,
    flow_config JSON NOT NULL,
    is_active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dashboard_templates_by_page ON dashboard_templates (organization_id, id);
CREATE INDEX dashboard_templates_by_project ON dashboard_templates (project_id);

-- The source is not a foreign key: a widget outlives its device or flow, and says so when it is opened.
CREATE TABLE dashboard_widgets (
    id UUID NOT NULL PRIMARY KEY,
    dashboard_template_uuid UUID NOT NULL REFERENCES dashboard_templates (id) ON DELETE CASCADE,
    widget_id TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    widget_type TEXT COLLATE "C" NOT NULL,
    widget_config JSON NOT NULL,
    grid_position JSON NOT NULL,
    data_source_type TEXT COLLATE "C" NOT NULL,
    flow_id UUID,
    node_id TEXT COLLATE "C",
    output_field TEXT COLLATE "C",
    device_id UUID,
    sensor_type TEXT COLLATE "C",
    static_value JSON,
    aggregation TEXT COLLATE "C" NOT NULL,
    refresh_interval BIGINT NOT NULL,
    max_samples BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (dashboard_template_uuid, widget_id)
);
