-- One row: how often something was changed that ends or alters what tokens and memberships open. Whoever remembers such answers
-- looks here whether another process made a change.
CREATE TABLE access_changes (
    place BIGINT NOT NULL PRIMARY KEY CHECK (place = 1),
    changes BIGINT NOT NULL
);
INSERT INTO access_changes (place, changes) VALUES (1, 0);
