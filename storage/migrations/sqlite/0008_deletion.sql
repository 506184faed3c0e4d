-- An organization or a project that is deleted is gone for everybody at once, and its rows go some at a time. What is on its way out is
-- hidden where it is named: the names that questions use are views of what is there, and only what writes to the tables, or removes what is
-- hidden, names the tables. deletion: nothing while it is there; 'marked' from its deletion on; of an organization 'stopped' when its
-- flows are stopped, too.
-- Whoever gives one of these tables another column makes its view anew.
ALTER TABLE organizations ADD COLUMN deletion TEXT;
ALTER TABLE projects ADD COLUMN deletion TEXT;

ALTER TABLE organizations RENAME TO all_organizations;
ALTER TABLE organization_members RENAME TO all_memberships;
ALTER TABLE projects RENAME TO all_projects;
ALTER TABLE project_devices RENAME TO all_project_devices;

CREATE INDEX all_organizations_deleted ON all_organizations (id) WHERE deletion IS NOT NULL;
CREATE INDEX all_projects_deleted ON all_projects (id) WHERE deletion IS NOT NULL;

CREATE VIEW organizations AS
SELECT o.id, o.name, o.slug, o.description, o.owner_id, o.is_active, o.created_at, o.updated_at
FROM all_organizations o WHERE o.deletion IS NULL;

CREATE VIEW organization_members AS
SELECT m.user_id, m.organization_id, m.role, m.invited_by, m.joined_at
FROM all_memberships m
WHERE m.organization_id NOT IN (SELECT o.id FROM all_organizations o WHERE o.deletion IS NOT NULL);

CREATE VIEW projects AS
SELECT p.id, p.organization_id, p.creator_id, p.name, p.description, p.status, p.tags, p.metadata, p.auto_save,
    p.data_retention_days, p.created_at, p.updated_at
FROM all_projects p
WHERE p.deletion IS NULL
    AND p.organization_id NOT IN (SELECT o.id FROM all_organizations o WHERE o.deletion IS NOT NULL);

CREATE VIEW project_devices AS
SELECT d.project_id, d.device_id, d.organization_id, d.added_at
FROM all_project_devices d WHERE d.project_id NOT IN (SELECT p.id FROM all_projects p WHERE p.deletion IS NOT NULL);
