-- What retention leaves behind: how many readings it dropped, and the number after the highest series that it forgot.
ALTER TABLE log_state ADD COLUMN dropped BIGINT NOT NULL DEFAULT 0;
ALTER TABLE log_state ADD COLUMN series_end INTEGER NOT NULL DEFAULT 0;
