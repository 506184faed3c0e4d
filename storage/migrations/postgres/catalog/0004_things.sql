-- Devices in projects, dashboards shared with members, what widgets keep of sensors, and what happened to devices.

-- The tenant is part of the keys, so that a device cannot be in another organization's project, nor a dashboard be shared with
-- somebody who is no member, whatever is asked; and what hung on a membership ends with it.
CREATE UNIQUE INDEX projects_by_tenant ON projects (id, organization_id);
CREATE UNIQUE INDEX devices_by_tenant ON devices (id, organization_id);
CREATE UNIQUE INDEX dashboard_templates_by_tenant ON dashboard_templates (id, organization_id);

CREATE TABLE project_devices (
    project_id UUID NOT NULL,
    device_id UUID NOT NULL,
    organization_id UUID NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project_id, device_id),
    FOREIGN KEY (project_id, organization_id) REFERENCES projects (id, organization_id) ON DELETE CASCADE,
    FOREIGN KEY (device_id, organization_id) REFERENCES devices (id, organization_id) ON DELETE CASCADE
);
CREATE INDEX project_devices_by_device ON project_devices (device_id, project_id);

CREATE TABLE template_permissions (
    template_id UUID NOT NULL,
    user_id UUID NOT NULL,
    organization_id UUID NOT NULL,
    permission TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (template_id, user_id),
    FOREIGN KEY (template_id, organization_id) REFERENCES dashboard_templates (id, organization_id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, organization_id) REFERENCES organization_members (user_id, organization_id) ON DELETE CASCADE
);
CREATE INDEX template_permissions_by_member ON template_permissions (user_id, organization_id);

-- The device is not a foreign key: as its widget does, a variable outlives it.
CREATE TABLE tracked_variables (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL,
    sensor_type TEXT COLLATE "C" NOT NULL,
    widget_id UUID NOT NULL REFERENCES dashboard_widgets (id) ON DELETE CASCADE,
    dashboard_uuid UUID NOT NULL REFERENCES dashboard_templates (id) ON DELETE CASCADE,
    max_samples BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (device_id, sensor_type, widget_id)
);
CREATE INDEX tracked_variables_by_widget ON tracked_variables (widget_id);
CREATE INDEX tracked_variables_by_dashboard ON tracked_variables (dashboard_uuid);

-- Widgets that were there before get their variables now, which go by the ids of their widgets.
INSERT INTO tracked_variables (id, device_id, sensor_type, widget_id, dashboard_uuid, max_samples, created_at, updated_at)
SELECT w.id, w.device_id, w.sensor_type, w.id, w.dashboard_template_uuid, w.max_samples, w.created_at, w.updated_at
FROM dashboard_widgets w WHERE w.data_source_type = 'device_sensor';

-- The device is not a foreign key: what happened to it outlives it, for the admins of its organization.
CREATE TABLE device_history (
    id UUID NOT NULL PRIMARY KEY,
    device_id UUID NOT NULL,
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    action TEXT COLLATE "C" NOT NULL,
    details JSON NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX device_history_by_page ON device_history (device_id, id);
CREATE INDEX device_history_by_action ON device_history (device_id, action, id);
CREATE INDEX device_history_by_age ON device_history (at);
CREATE INDEX device_history_by_organization ON device_history (organization_id);
