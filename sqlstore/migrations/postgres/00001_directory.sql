-- +goose Up
-- What is compared or sorted by is in the "C" collation: by byte, as the library
-- compares. Times are nanoseconds since 1970.

CREATE TABLE usher_tenants (
	tenant      text COLLATE "C" PRIMARY KEY,
	active      bigint NOT NULL DEFAULT 0,
	deactivated bigint NOT NULL DEFAULT 0,
	held        bigint NOT NULL DEFAULT 0,
	archived    bigint NOT NULL DEFAULT 0
);

CREATE TABLE usher_users (
	tenant      text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	revision    bigint NOT NULL,
	created     bigint NOT NULL,
	modified    bigint NOT NULL,
	status      smallint NOT NULL CHECK (status BETWEEN 1 AND 4),
	user_name   text COLLATE "C" NOT NULL,
	email       text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	label       text NOT NULL,
	label_key   text COLLATE "C" NOT NULL,
	doc         json NOT NULL,
	idx         jsonb,
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
	tenant  text COLLATE "C" NOT NULL,
	user_id text COLLATE "C" NOT NULL,
	address text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, user_id, address),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id) ON DELETE CASCADE
);
CREATE INDEX usher_addresses_address ON usher_addresses (tenant, address);

-- Users that are not archived, in folders. name is the spelling that came first.
CREATE TABLE usher_folders (
	tenant     text COLLATE "C" NOT NULL,
	root       text COLLATE "C" NOT NULL,
	name_key   text COLLATE "C" NOT NULL,
	user_id    text COLLATE "C" NOT NULL,
	seq        bigint GENERATED ALWAYS AS IDENTITY,
	name       text NOT NULL,
	PRIMARY KEY (tenant, user_id, root, name_key),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id) ON DELETE CASCADE
);
CREATE INDEX usher_folders_folder ON usher_folders (tenant, root, name_key, seq);

CREATE TABLE usher_groups (
	tenant      text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	revision    bigint NOT NULL,
	created     bigint NOT NULL,
	modified    bigint NOT NULL,
	connection  text NOT NULL,
	name        text NOT NULL,
	name_key    text COLLATE "C" NOT NULL,
	external_id text COLLATE "C" NOT NULL,
	members     bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX usher_groups_name ON usher_groups (tenant, name_key);
CREATE INDEX usher_groups_external_id ON usher_groups (tenant, external_id) WHERE external_id <> '';
CREATE INDEX usher_groups_created ON usher_groups (tenant, created, id);

-- A membership of a user or of a group.
CREATE TABLE usher_members (
	tenant   text COLLATE "C" NOT NULL,
	group_id text COLLATE "C" NOT NULL,
	member   text COLLATE "C" NOT NULL,
	user_id  text COLLATE "C",
	sub_id   text COLLATE "C",
	seq      bigint GENERATED ALWAYS AS IDENTITY,
	PRIMARY KEY (tenant, group_id, member),
	CHECK (member = coalesce(user_id, sub_id) AND (user_id IS NULL) <> (sub_id IS NULL)),
	FOREIGN KEY (tenant, group_id) REFERENCES usher_groups (tenant, id),
	FOREIGN KEY (tenant, user_id) REFERENCES usher_users (tenant, id),
	FOREIGN KEY (tenant, sub_id) REFERENCES usher_groups (tenant, id)
);
CREATE INDEX usher_members_seq ON usher_members (tenant, group_id, seq);
CREATE INDEX usher_members_user ON usher_members (tenant, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX usher_members_sub ON usher_members (tenant, sub_id) WHERE sub_id IS NOT NULL;

-- The record. position is where a reader that goes through all of it finds an
-- event; a reader gives it out once nothing earlier can appear.
CREATE TABLE usher_events (
	seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	position bigint UNIQUE,
	tenant   text COLLATE "C" NOT NULL,
	at       bigint NOT NULL,
	user_id  text COLLATE "C" NOT NULL,
	group_id text COLLATE "C" NOT NULL,
	doc      json NOT NULL,
	added    json,
	removed  json
);
CREATE INDEX usher_events_new ON usher_events (seq) WHERE position IS NULL;
CREATE INDEX usher_events_tenant ON usher_events (tenant, position);
CREATE INDEX usher_events_user ON usher_events (tenant, user_id, position) WHERE user_id <> '';
CREATE INDEX usher_events_group ON usher_events (tenant, group_id, position) WHERE group_id <> '';

CREATE TABLE usher_positions (
	one      boolean PRIMARY KEY CHECK (one),
	position bigint NOT NULL
);
INSERT INTO usher_positions VALUES (true, 0);

CREATE TABLE usher_places (
	consumer text COLLATE "C" PRIMARY KEY,
	place    text NOT NULL
);

CREATE TABLE usher_activity (
	tenant       text COLLATE "C" NOT NULL,
	connection   text COLLATE "C" NOT NULL,
	last_request bigint NOT NULL,
	last_change  bigint NOT NULL,
	PRIMARY KEY (tenant, connection)
);

-- Tokens by their SHA-256, in hexadecimal digits.
CREATE TABLE usher_tokens (
	hash       text COLLATE "C" PRIMARY KEY,
	id         text COLLATE "C" NOT NULL UNIQUE,
	tenant     text COLLATE "C" NOT NULL,
	connection text COLLATE "C" NOT NULL,
	name       text NOT NULL,
	strictness smallint NOT NULL,
	created    bigint NOT NULL,
	expires    bigint NOT NULL,
	last_used  bigint NOT NULL
);
CREATE INDEX usher_tokens_connection ON usher_tokens (connection);

-- +goose Down
DROP TABLE usher_tokens, usher_activity, usher_places, usher_positions, usher_events, usher_members,
	usher_groups, usher_folders, usher_addresses, usher_users, usher_tenants;
