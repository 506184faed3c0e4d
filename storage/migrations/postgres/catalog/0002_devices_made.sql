-- How many devices a user has ever made. A device leaves its readings, and with them its series, when it is deleted, so the
-- devices that exist do not bound what is kept.

ALTER TABLE user_profiles ADD COLUMN devices_made BIGINT NOT NULL DEFAULT 0;
UPDATE user_profiles SET devices_made = (SELECT count(*) FROM devices d WHERE d.creator_id = user_profiles.user_id);
