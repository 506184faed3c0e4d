-- One row: how often something was changed that ends or alters what tokens and memberships open. Whoever remembers such answers
-- looks here whether another process made a change.
CREATE TABLE access_changes (
    place INTEGER NOT NULL PRIMARY KEY CHECK (place = 1),
    changes INTEGER NOT NULL
) STRICT;
INSERT INTO access_changes (place, changes) VALUES (1, 0);
