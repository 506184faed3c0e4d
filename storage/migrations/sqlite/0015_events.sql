-- What happened to the devices of an organization, of each kind the newest first.
CREATE INDEX device_history_by_kind ON device_history (organization_id, action, id);
DROP INDEX device_history_by_organization;
