-- +goose Up
-- A connection has as many valid tokens as there are slots; an expired one gives
-- its slot up. Those that are good for longest are kept.
ALTER TABLE usher_tokens ADD COLUMN slot INTEGER CHECK (slot IN (1, 2));
UPDATE usher_tokens SET slot = n.n FROM (
	SELECT hash, row_number() OVER (PARTITION BY connection ORDER BY CASE WHEN expires = 0 THEN 0 ELSE 1 END, expires DESC) AS n FROM usher_tokens
) n WHERE n.hash = usher_tokens.hash AND n.n <= 2;
DELETE FROM usher_tokens WHERE slot IS NULL;
CREATE UNIQUE INDEX usher_tokens_slot ON usher_tokens (connection, slot);
DROP INDEX usher_tokens_connection;

-- +goose Down
CREATE INDEX usher_tokens_connection ON usher_tokens (connection);
DROP INDEX usher_tokens_slot;
ALTER TABLE usher_tokens DROP COLUMN slot;
