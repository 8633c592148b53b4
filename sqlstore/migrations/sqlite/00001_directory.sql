-- +goose Up
-- Text compares by byte. Times are nanoseconds since 1970.

CREATE TABLE usher_tenants (
	tenant      TEXT PRIMARY KEY,
	active      INTEGER NOT NULL DEFAULT 0,
	deactivated INTEGER NOT NULL DEFAULT 0,
	held        INTEGER NOT NULL DEFAULT 0,
	archived    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE usher_users (
	tenant      TEXT NOT NULL,
	id          TEXT NOT NULL,
	revision    INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	modified    INTEGER NOT NULL,
	status      INTEGER NOT NULL CHECK (status BETWEEN 1 AND 4),
	user_name   TEXT NOT NULL,
	email       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	label       TEXT NOT NULL,
	label_key   TEXT NOT NULL,
	doc         TEXT NOT NULL,
	idx         TEXT,
	PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX usher_users_user_name ON usher_users (tenant, user_name) WHERE status <> 4;
CREATE UNIQUE INDEX usher_users_email ON usher_users (tenant, email) WHERE status <> 4 AND email <> '';
CREATE INDEX usher_users_archived_user_name ON usher_users (tenant, user_name) WHERE status = 4;
CREATE INDEX usher_users_archived_email ON usher_users (tenant, email) WHERE status = 4 AND email <> '';
CREATE INDEX usher_users_external_id ON usher_users (tenant, external_id) WHERE external_id <> '';
CREATE INDEX usher_users_live ON usher_users (tenant, created, id) WHERE status <> 4;
CREATE INDEX usher_users_active ON usher_users (tenant, created, id) WHERE status = 1;
CREATE INDEX usher_users_deactivated ON usher_users (tenant, created, id) WHERE status = 2;
CREATE INDEX usher_users_held ON usher_users (tenant, created, id) WHERE status = 3;
CREATE INDEX usher_users_archived ON usher_users (tenant, created, id) WHERE status = 4;

-- The other e-mail addresses of a user.
CREATE TABLE usher_addresses (
	tenant  TEXT NOT NULL,
	user_id TEXT NOT NULL,
	address TEXT NOT NULL,
	PRIMARY KEY (tenant, user_id, address),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX usher_addresses_address ON usher_addresses (tenant, address);

-- Users that are not archived, in folders. name is the spelling that came first.
CREATE TABLE usher_folders (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant   TEXT NOT NULL,
	root     TEXT NOT NULL,
	name_key TEXT NOT NULL,
	user_id  TEXT NOT NULL,
	name     TEXT NOT NULL,
	UNIQUE (tenant, user_id, root, name_key),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id) ON DELETE CASCADE
);
CREATE INDEX usher_folders_folder ON usher_folders (tenant, root, name_key, seq);

CREATE TABLE usher_groups (
	tenant      TEXT NOT NULL,
	id          TEXT NOT NULL,
	revision    INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	modified    INTEGER NOT NULL,
	connection  TEXT NOT NULL,
	name        TEXT NOT NULL,
	name_key    TEXT NOT NULL,
	external_id TEXT NOT NULL,
	members     INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX usher_groups_name ON usher_groups (tenant, name_key);
CREATE INDEX usher_groups_external_id ON usher_groups (tenant, external_id) WHERE external_id <> '';
CREATE INDEX usher_groups_created ON usher_groups (tenant, created, id);

-- A membership of a user or of a group.
CREATE TABLE usher_members (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant   TEXT NOT NULL,
	group_id TEXT NOT NULL,
	member   TEXT NOT NULL,
	user_id  TEXT,
	sub_id   TEXT,
	UNIQUE (tenant, group_id, member),
	CHECK (member = coalesce(user_id, sub_id) AND (user_id IS NULL) <> (sub_id IS NULL)),
	FOREIGN KEY (tenant, group_id) REFERENCES usher_groups (tenant, id),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id),
	FOREIGN KEY (tenant, sub_id) REFERENCES usher_groups (tenant, id)
);
CREATE INDEX usher_members_seq ON usher_members (tenant, group_id, seq);
CREATE INDEX usher_members_user ON usher_members (tenant, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX usher_members_sub ON usher_members (tenant, sub_id) WHERE sub_id IS NOT NULL;

-- The record. Only one connection writes at a time, so the order of seq is that
-- of the commits.
CREATE TABLE usher_events (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant   TEXT NOT NULL,
	at       INTEGER NOT NULL,
	user_id  TEXT NOT NULL,
	group_id TEXT NOT NULL,
	doc      TEXT NOT NULL,
	added    TEXT,
	removed  TEXT
);
CREATE INDEX usher_events_tenant ON usher_events (tenant, seq);
CREATE INDEX usher_events_user ON usher_events (tenant, user_id, seq) WHERE user_id <> '';
CREATE INDEX usher_events_group ON usher_events (tenant, group_id, seq) WHERE group_id <> '';

CREATE TABLE usher_places (
	consumer TEXT PRIMARY KEY,
	place    TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE usher_activity (
	tenant       TEXT NOT NULL,
	connection   TEXT NOT NULL,
	last_request INTEGER NOT NULL,
	last_change  INTEGER NOT NULL,
	PRIMARY KEY (tenant, connection)
) WITHOUT ROWID;

-- Tokens by their SHA-256, in hexadecimal digits.
CREATE TABLE usher_tokens (
	hash       TEXT PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	tenant     TEXT NOT NULL,
	connection TEXT NOT NULL,
	name       TEXT NOT NULL,
	strictness INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	expires    INTEGER NOT NULL,
	last_used  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX usher_tokens_connection ON usher_tokens (connection);

-- SQLite has no statistics until somebody collects them, and would go through a tenant
-- rather than take the index that is meant. These are of a directory of a million.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('usher_tenants', 'usher_tenants', '1000 1'),
	('usher_users', 'sqlite_autoindex_usher_users_1', '1000000 1000 1'),
	('usher_users', 'usher_users_user_name', '950000 950 1'),
	('usher_users', 'usher_users_email', '950000 950 1'),
	('usher_users', 'usher_users_archived_user_name', '50000 50 1'),
	('usher_users', 'usher_users_archived_email', '50000 50 1'),
	('usher_users', 'usher_users_external_id', '1000000 1000 1'),
	('usher_users', 'usher_users_live', '950000 950 2 1'),
	('usher_users', 'usher_users_active', '900000 900 2 1'),
	('usher_users', 'usher_users_deactivated', '40000 40 2 1'),
	('usher_users', 'usher_users_held', '10000 10 2 1'),
	('usher_users', 'usher_users_archived', '50000 50 2 1'),
	('usher_addresses', 'usher_addresses', '500000 500 2 1'),
	('usher_addresses', 'usher_addresses_address', '500000 500 1 1'),
	('usher_folders', 'sqlite_autoindex_usher_folders_1', '3000000 3000 3 1 1'),
	('usher_folders', 'usher_folders_folder', '3000000 3000 1000 50 1'),
	('usher_groups', 'sqlite_autoindex_usher_groups_1', '100000 100 1'),
	('usher_groups', 'usher_groups_name', '100000 100 1'),
	('usher_groups', 'usher_groups_external_id', '50000 50 1'),
	('usher_groups', 'usher_groups_created', '100000 100 2 1'),
	('usher_members', 'sqlite_autoindex_usher_members_1', '5000000 5000 50 1'),
	('usher_members', 'usher_members_seq', '5000000 5000 50 1'),
	('usher_members', 'usher_members_user', '4900000 4900 5'),
	('usher_members', 'usher_members_sub', '100000 100 2'),
	('usher_events', 'usher_events_tenant', '10000000 10000 1'),
	('usher_events', 'usher_events_user', '8000000 8000 10 1'),
	('usher_events', 'usher_events_group', '2000000 2000 40 1'),
	('usher_activity', 'usher_activity', '2000 2 1');

-- +goose Down
DROP TABLE usher_tokens;
DROP TABLE usher_activity;
DROP TABLE usher_places;
DROP TABLE usher_events;
DROP TABLE usher_members;
DROP TABLE usher_groups;
DROP TABLE usher_folders;
DROP TABLE usher_addresses;
DROP TABLE usher_users;
DROP TABLE usher_tenants;
