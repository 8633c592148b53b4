-- What SCIM needs beside the application's tables.
--
-- The application writes to accounts, teams and team_members by its own SQL and
-- knows nothing of what stands here. So triggers do for every door what the rules
-- ask: names stay unique, seats are counted, versions move, and the record has it.
-- The adapter does most of that itself, for it knows more (who asked, and why), and
-- says so: scim_door.inside is 1 in its transactions and 0 in everybody else's. No
-- other connection ever sees the 1, since SQLite has one writer at a time; on
-- PostgreSQL it would be SET LOCAL of a setting.

CREATE TABLE scim_door (inside INTEGER NOT NULL);
INSERT INTO scim_door VALUES (0);

ALTER TABLE companies ADD COLUMN active INTEGER NOT NULL DEFAULT 0;
ALTER TABLE companies ADD COLUMN deactivated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE companies ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE companies ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

ALTER TABLE accounts ADD COLUMN scim_id TEXT;
ALTER TABLE accounts ADD COLUMN version INTEGER NOT NULL DEFAULT 0; -- 0: not taken on yet
ALTER TABLE accounts ADD COLUMN changed_at TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN status INTEGER NOT NULL DEFAULT 0; -- a scim.Status
ALTER TABLE accounts ADD COLUMN login_key TEXT; -- folded, by which names are compared
ALTER TABLE accounts ADD COLUMN email_key TEXT;
ALTER TABLE accounts ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN label TEXT NOT NULL DEFAULT '';
-- The user as SCIM wrote it last. Where a column differs, the application has
-- changed it since.
ALTER TABLE accounts ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';

CREATE UNIQUE INDEX scim_account_ids ON accounts (company, scim_id);
CREATE UNIQUE INDEX scim_logins ON accounts (company, login_key) WHERE status <> 4;
CREATE UNIQUE INDEX scim_emails ON accounts (company, email_key) WHERE status <> 4;
CREATE INDEX scim_all_logins ON accounts (company, login_key);
CREATE INDEX scim_all_emails ON accounts (company, email_key);
CREATE INDEX scim_external_ids ON accounts (company, external_id) WHERE external_id <> '';
CREATE INDEX scim_live ON accounts (company, created_at, scim_id) WHERE status <> 4;
CREATE INDEX scim_statuses ON accounts (company, status, created_at, scim_id);

-- The other e-mail addresses of a user, and the folders that it is in.
CREATE TABLE scim_addresses (
	company    TEXT NOT NULL,
	address    TEXT NOT NULL,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	PRIMARY KEY (company, address, account_id)
) WITHOUT ROWID;
CREATE INDEX scim_addresses_of ON scim_addresses (account_id);
CREATE TABLE scim_folders (
	company    TEXT NOT NULL,
	root       TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	name       TEXT NOT NULL, -- as the first user of the folder has it
	PRIMARY KEY (company, root, name_key, account_id)
) WITHOUT ROWID;
CREATE INDEX scim_folders_of ON scim_folders (account_id);

ALTER TABLE teams ADD COLUMN scim_id TEXT;
ALTER TABLE teams ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE teams ADD COLUMN changed_at TEXT NOT NULL DEFAULT '';
ALTER TABLE teams ADD COLUMN name_key TEXT;
ALTER TABLE teams ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE teams ADD COLUMN connection TEXT NOT NULL DEFAULT '';
ALTER TABLE teams ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
ALTER TABLE teams ADD COLUMN last_seq INTEGER NOT NULL DEFAULT 0; -- of a member, never given out twice
CREATE UNIQUE INDEX scim_team_ids ON teams (company, scim_id);
CREATE UNIQUE INDEX scim_team_names ON teams (company, name_key);
CREATE INDEX scim_teams_external ON teams (company, external_id) WHERE external_id <> '';
CREATE INDEX scim_teams_created ON teams (company, created_at, scim_id);

ALTER TABLE team_members ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX scim_members_seq ON team_members (team_id, seq);
CREATE INDEX scim_members_account ON team_members (account_id);
CREATE TABLE scim_subteams ( -- the application has no teams in teams
	team_id    INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	subteam_id INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
	seq        INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (team_id, subteam_id)
);
CREATE INDEX scim_subteams_seq ON scim_subteams (team_id, seq);
CREATE INDEX scim_subteams_team ON scim_subteams (subteam_id);
CREATE VIEW scim_members (company, member, team_id, seq, is_team, label) AS
	SELECT a.company, a.scim_id, m.team_id, m.seq, 0, a.label FROM team_members m JOIN accounts a ON a.id = m.account_id
	UNION ALL
	SELECT t.company, t.scim_id, m.team_id, m.seq, 1, t.name FROM scim_subteams m JOIN teams t ON t.id = m.subteam_id;

-- The record. One writer at a time, so seq has the order of the commits.
CREATE TABLE scim_events (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	company  TEXT NOT NULL,
	at       TEXT NOT NULL,
	user_id  TEXT NOT NULL DEFAULT '',
	group_id TEXT NOT NULL DEFAULT '',
	doc      TEXT NOT NULL
);
CREATE INDEX scim_events_company ON scim_events (company, seq);
CREATE INDEX scim_events_user ON scim_events (company, user_id, seq) WHERE user_id <> '';
CREATE INDEX scim_events_group ON scim_events (company, group_id, seq) WHERE group_id <> '';
CREATE TABLE scim_places (consumer TEXT PRIMARY KEY, place TEXT NOT NULL);
CREATE TABLE scim_activity (
	company      TEXT NOT NULL,
	connection   TEXT NOT NULL,
	last_request TEXT NOT NULL,
	last_change  TEXT NOT NULL,
	PRIMARY KEY (company, connection)
);
