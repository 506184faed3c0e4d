-- Who saved a dashboard, or its widgets, last; and from where somebody logged in. Of what was before, only one that was never saved again is
-- known: its creator made it.
ALTER TABLE dashboard_templates ADD COLUMN updated_by UUID REFERENCES users (id) ON DELETE SET NULL;
UPDATE dashboard_templates SET updated_by = creator_id WHERE version = 1;

-- user_agent: as the browser called itself. ip: the address that the connection came from.
ALTER TABLE sessions ADD COLUMN user_agent TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN ip TEXT COLLATE "C";
