-- Why the platform suspended a flow; nothing of one that runs, or that somebody stopped.
ALTER TABLE flows ADD COLUMN suspended TEXT;
