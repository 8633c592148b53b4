-- The triggers of accounts. Those called scim_own_… are for the application's
-- door alone.

CREATE TRIGGER scim_company BEFORE UPDATE OF company ON accounts WHEN new.company <> old.company
BEGIN SELECT RAISE(ABORT, 'an account stays with its company'); END;

CREATE TRIGGER scim_own_insert AFTER INSERT ON accounts WHEN NOT (SELECT inside FROM scim_door)
BEGIN UPDATE accounts SET version = 1 WHERE id = new.id; END;

-- An account is taken on: a new one, or one that was there before SCIM.
CREATE TRIGGER scim_own_adopt AFTER UPDATE OF version ON accounts WHEN old.version = 0 AND NOT (SELECT inside FROM scim_door)
BEGIN
	UPDATE accounts SET scim_id = 'account-' || id, status = iif(enabled, 1, 2), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
		login_key = scim_fold(login), email_key = scim_fold(nullif(email, '')),
		label = coalesce(nullif(trim(first_name || ' ' || last_name), ''), login)
	WHERE id = new.id;
	INSERT INTO scim_folders (company, account_id, root, name_key, name)
	SELECT new.company, new.id, 'Department', k, coalesce((SELECT f.name FROM scim_folders f
		WHERE f.company = new.company AND f.root = 'Department' AND f.name_key = k), new.department)
	FROM (SELECT scim_fold_name(new.department) AS k) WHERE k <> '';
	INSERT INTO scim_events (company, at, user_id, doc) SELECT company, changed_at, scim_id,
		json_object('Time', changed_at, 'Kind', 'user.created', 'Name', login, 'To', scim_status(status)) FROM accounts WHERE id = new.id;
END;

CREATE TRIGGER scim_own_update AFTER UPDATE OF login, email, first_name, last_name, department, enabled ON accounts
WHEN NOT (SELECT inside FROM scim_door) AND (old.login, old.email, old.first_name, old.last_name, old.department, old.enabled)
	IS NOT (new.login, new.email, new.first_name, new.last_name, new.department, new.enabled)
BEGIN
	UPDATE accounts SET version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
		login_key = iif(new.login = old.login, login_key, scim_fold(new.login)),
		email_key = iif(new.email IS old.email, email_key, scim_fold(nullif(new.email, ''))),
		status = CASE WHEN new.enabled = old.enabled THEN status WHEN new.enabled THEN 1 WHEN status = 1 THEN 2 ELSE status END,
		label = coalesce(nullif(profile->>'$.DisplayName', ''), nullif(profile->>'$.Name.Formatted', ''),
			nullif(trim(new.first_name || ' ' || new.last_name), ''), new.login),
		profile = CASE WHEN new.enabled = old.enabled THEN profile
			WHEN new.enabled THEN json_remove(profile, '$.DeactivatedBy') ELSE json_set(profile, '$.DeactivatedBy', 'host') END
	WHERE id = new.id;
	DELETE FROM scim_folders WHERE account_id = new.id AND root = 'Department' AND name_key <> coalesce(scim_fold_name(new.department), '');
	INSERT INTO scim_folders (company, account_id, root, name_key, name)
	SELECT new.company, new.id, 'Department', k, coalesce((SELECT f.name FROM scim_folders f
		WHERE f.company = new.company AND f.root = 'Department' AND f.name_key = k), new.department)
	FROM (SELECT scim_fold_name(new.department) AS k) WHERE k <> '' AND (SELECT status FROM accounts WHERE id = new.id) <> 4
	ON CONFLICT DO NOTHING;
	INSERT INTO scim_events (company, at, user_id, doc) SELECT a.company, a.changed_at, a.scim_id, json_object(
		'Time', a.changed_at, 'Name', a.login, 'From', scim_status(old.status), 'To', scim_status(a.status),
		'Kind', CASE a.status WHEN old.status THEN 'user.updated' WHEN 1 THEN 'user.activated' ELSE 'user.deactivated' END,
		'Changes', json((SELECT json_group_array(json_object('Attribute', x.name, 'Old', x.o, 'New', x.n)) FROM (
			SELECT 'userName' AS name, old.login AS o, new.login AS n
			UNION ALL SELECT 'email', coalesce(old.email, ''), coalesce(new.email, '')
			UNION ALL SELECT 'givenName', old.first_name, new.first_name
			UNION ALL SELECT 'familyName', old.last_name, new.last_name
			UNION ALL SELECT 'department', coalesce(old.department, ''), coalesce(new.department, '')
			UNION ALL SELECT 'active', iif(old.enabled, 'true', 'false'), iif(new.enabled, 'true', 'false')) x WHERE x.o <> x.n)),
		'Moves', json((SELECT json_group_array(json_object('Root', 'Department', 'From', x.f, 'To', x.t)) FROM (
			SELECT coalesce(old.department, '') AS f, coalesce(new.department, '') AS t) x WHERE scim_fold_name(x.f) <> scim_fold_name(x.t))))
	FROM accounts a WHERE a.id = new.id;
END;

-- A cascade would take the memberships away too, but nobody would hear of it.
CREATE TRIGGER scim_own_delete BEFORE DELETE ON accounts WHEN NOT (SELECT inside FROM scim_door)
BEGIN
	DELETE FROM team_members WHERE account_id = old.id;
	INSERT INTO scim_events (company, at, user_id, doc) SELECT old.company, now, old.scim_id,
		json_object('Time', now, 'Kind', 'user.purged', 'Name', old.login, 'From', scim_status(old.status))
	FROM (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now);
END;

-- How many there are, whoever writes. The application gets no seat that the
-- licence has not, and an error; the adapter has looked before. A new account has
-- no status until the next statement gives it one.
CREATE TRIGGER scim_count_out AFTER DELETE ON accounts BEGIN
	UPDATE companies SET active = active - (old.status = 1), deactivated = deactivated - (old.status = 2),
		held = held - (old.status = 3), archived = archived - (old.status = 4) WHERE name = old.company;
END;
CREATE TRIGGER scim_count AFTER UPDATE OF status ON accounts WHEN new.status <> old.status BEGIN
	UPDATE companies SET active = active + (new.status = 1) - (old.status = 1), deactivated = deactivated + (new.status = 2) - (old.status = 2),
		held = held + (new.status = 3) - (old.status = 3), archived = archived + (new.status = 4) - (old.status = 4) WHERE name = new.company;
	SELECT RAISE(ABORT, 'no free seat') FROM companies
	WHERE name = new.company AND new.status = 1 AND active > seats AND NOT (SELECT inside FROM scim_door);
END;

-- The triggers of teams and of who is in them.

CREATE TRIGGER scim_own_team AFTER INSERT ON teams WHEN NOT (SELECT inside FROM scim_door)
BEGIN UPDATE teams SET version = 1 WHERE id = new.id; END;
CREATE TRIGGER scim_own_team_adopt AFTER UPDATE OF version ON teams WHEN old.version = 0 AND NOT (SELECT inside FROM scim_door)
BEGIN
	UPDATE teams SET scim_id = 'team-' || id, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), name_key = scim_fold(name) WHERE id = new.id;
	INSERT INTO scim_events (company, at, group_id, doc) SELECT company, changed_at, scim_id,
		json_object('Time', changed_at, 'Kind', 'group.created', 'Name', name) FROM teams WHERE id = new.id;
END;
CREATE TRIGGER scim_own_team_name AFTER UPDATE OF name ON teams WHEN new.name <> old.name AND NOT (SELECT inside FROM scim_door)
BEGIN
	UPDATE teams SET version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), name_key = scim_fold(new.name) WHERE id = new.id;
	INSERT INTO scim_events (company, at, group_id, doc) SELECT company, changed_at, scim_id,
		json_object('Time', changed_at, 'Kind', 'group.updated', 'Name', name,
			'Changes', json_array(json_object('Attribute', 'displayName', 'Old', old.name, 'New', new.name))) FROM teams WHERE id = new.id;
END;
CREATE TRIGGER scim_own_team_delete BEFORE DELETE ON teams WHEN NOT (SELECT inside FROM scim_door)
BEGIN
	UPDATE teams SET version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
	WHERE id IN (SELECT team_id FROM scim_subteams WHERE subteam_id = old.id);
	INSERT INTO scim_events (company, at, group_id, doc) SELECT old.company, now, old.scim_id,
		json_object('Time', now, 'Kind', 'group.deleted', 'Name', old.name)
	FROM (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now);
END;

CREATE TRIGGER scim_member_in AFTER INSERT ON team_members BEGIN
	UPDATE teams SET members = members + 1, last_seq = last_seq + 1 WHERE id = new.team_id;
	UPDATE team_members SET seq = (SELECT last_seq FROM teams WHERE id = new.team_id) WHERE team_id = new.team_id AND account_id = new.account_id;
END;
CREATE TRIGGER scim_member_out AFTER DELETE ON team_members
BEGIN UPDATE teams SET members = members - 1 WHERE id = old.team_id; END;
CREATE TRIGGER scim_subteam_in AFTER INSERT ON scim_subteams BEGIN
	UPDATE teams SET members = members + 1, last_seq = last_seq + 1 WHERE id = new.team_id;
	UPDATE scim_subteams SET seq = (SELECT last_seq FROM teams WHERE id = new.team_id) WHERE team_id = new.team_id AND subteam_id = new.subteam_id;
END;
CREATE TRIGGER scim_subteam_out AFTER DELETE ON scim_subteams
BEGIN UPDATE teams SET members = members - 1 WHERE id = old.team_id; END;

CREATE TRIGGER scim_own_member_in AFTER INSERT ON team_members WHEN NOT (SELECT inside FROM scim_door)
BEGIN
	SELECT RAISE(ABORT, 'an account of another company, or one that is gone') FROM teams t, accounts a
	WHERE t.id = new.team_id AND a.id = new.account_id AND (t.company <> a.company OR a.status = 4);
	UPDATE teams SET version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = new.team_id;
	INSERT INTO scim_events (company, at, group_id, doc) SELECT t.company, t.changed_at, t.scim_id,
		json_object('Time', t.changed_at, 'Kind', 'group.updated', 'Name', t.name, 'Added', json_array(a.scim_id))
	FROM teams t, accounts a WHERE t.id = new.team_id AND a.id = new.account_id;
END;
CREATE TRIGGER scim_own_member_out AFTER DELETE ON team_members WHEN NOT (SELECT inside FROM scim_door)
BEGIN
	UPDATE teams SET version = version + 1, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = old.team_id;
	INSERT INTO scim_events (company, at, group_id, doc) SELECT t.company, t.changed_at, t.scim_id,
		json_object('Time', t.changed_at, 'Kind', 'group.updated', 'Name', t.name, 'Removed', json_array(a.scim_id))
	FROM teams t, accounts a WHERE t.id = old.team_id AND a.id = old.account_id;
END;

-- What is there already is taken on; seats are not asked for.
CREATE TEMP TABLE seats AS SELECT name, seats FROM companies;
UPDATE companies SET seats = NULL;
UPDATE accounts SET version = 1;
UPDATE teams SET version = 1;
UPDATE team_members SET seq = (SELECT count(*) FROM team_members m WHERE m.team_id = team_members.team_id AND m.rowid <= team_members.rowid);
UPDATE teams SET (members, last_seq) = (SELECT count(*), coalesce(max(seq), 0) FROM team_members WHERE team_id = teams.id);
UPDATE companies SET seats = (SELECT s.seats FROM temp.seats s WHERE s.name = companies.name);
DROP TABLE temp.seats;
