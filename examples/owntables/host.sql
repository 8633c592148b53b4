-- What the application had before it knew of SCIM. The door to the accounts is
-- its own SQL, here and wherever else somebody has the password of the database.

CREATE TABLE companies (
	name  TEXT PRIMARY KEY,
	seats INTEGER -- NULL: unlimited
);

CREATE TABLE accounts (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	company    TEXT NOT NULL REFERENCES companies (name),
	login      TEXT NOT NULL,
	email      TEXT,
	first_name TEXT NOT NULL DEFAULT '',
	last_name  TEXT NOT NULL DEFAULT '',
	department TEXT,
	enabled    INTEGER NOT NULL DEFAULT 1,
	plan       TEXT NOT NULL DEFAULT 'basic',
	last_login TEXT,
	created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE teams (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	company    TEXT NOT NULL REFERENCES companies (name),
	name       TEXT NOT NULL,
	created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE team_members (
	team_id    INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	PRIMARY KEY (team_id, account_id)
);
