-- name: enter_people
-- Make the row of each person that has none: its lock is what two workers meet at.
INSERT INTO person (person) SELECT h FROM unnest($1::bytea []) AS h ORDER BY h
ON CONFLICT DO NOTHING;

-- name: lock_people
-- Lock these people, always in the same order.
SELECT FROM person WHERE person = ANY($1::bytea []) ORDER BY person FOR UPDATE;

-- name: read_people
-- Who holds each person, and how that profile stands; a row for each bar. Read after the lock, so it sees what the
-- last holder wrote.
SELECT p.person, p.profile_id, r.status, r.expires_at, r.invited, b.profile_id AS by, b.since, b.until, b.section
FROM person AS p
LEFT JOIN profile AS r ON r.profile_id = p.profile_id AND p.person IN (r.passport_hash, r.client_hash)
LEFT JOIN bar AS b ON b.person = p.person
WHERE p.person = ANY($1::bytea []);

-- name: people_of
-- The people behind these profiles.
SELECT passport_hash, client_hash FROM profile
WHERE profile_id = ANY($1::text []) AND passport_hash IS NOT NULL;

-- name: lock_profiles
-- These profiles, locked, always in the same order.
SELECT * FROM profile WHERE profile_id = ANY($1::text []) ORDER BY profile_id FOR UPDATE;

-- name: read_outcomes
-- The stored outcomes of these versions.
SELECT o.profile_id, o.withdrawal, o.version, o.outcome, o.content, o.decided_at, o.ce_id, o.body
FROM outcome AS o
INNER JOIN unnest($1::text [], $2::boolean [], $3::bigint []) AS w (profile_id, withdrawal, version)
    USING (profile_id, withdrawal, version);

-- name: read_event_outcomes
-- The stored outcomes of these events.
SELECT e.ce_source, e.ce_id, e.profile_id, e.content, e.decided_at, e.fact_id, e.body
FROM event_outcome AS e
INNER JOIN unnest($1::text [], $2::text [], $3::text []) AS w (ce_source, ce_id, profile_id)
    USING (ce_source, ce_id, profile_id);

-- name: read_invitations
-- What is known of the invitations of these profiles.
SELECT * FROM invitation WHERE profile_id = ANY($1::text []) ORDER BY profile_id, sequence, invitation_id;

-- name: write_profiles
-- Write whole rows. A row that moved on since it was read (or appeared) is left alone, and counted out.
INSERT INTO profile AS p (
    profile_id, revision, sequence, version, newest, status, closed_at, withdrawn_at, submitted_at, submitted_on,
    expires_at, language, law, way_back, invited, reminded_until, due_at, passport_hash, client_hash, body, changed_at,
    erased_at
)
SELECT * FROM unnest(
    $1::text [], $2::bigint [], $3::bigint [], $4::bigint [], $5::bigint [], $6::text [], $7::timestamptz [],
    $8::timestamptz [], $9::timestamptz [], $10::date [], $11::timestamptz [], $12::text [], $13::text [],
    $14::text [], $15::boolean [], $16::timestamptz [], $17::timestamptz [], $18::bytea [], $19::bytea [],
    $20::text [], $21::timestamptz [], $22::timestamptz []
)
ON CONFLICT (profile_id) DO UPDATE SET
    revision = excluded.revision, sequence = excluded.sequence, version = excluded.version,
    newest = excluded.newest, status = excluded.status, closed_at = excluded.closed_at,
    withdrawn_at = excluded.withdrawn_at, submitted_at = excluded.submitted_at,
    submitted_on = excluded.submitted_on, expires_at = excluded.expires_at, language = excluded.language,
    law = excluded.law, way_back = excluded.way_back, invited = excluded.invited,
    reminded_until = excluded.reminded_until, due_at = excluded.due_at, passport_hash = excluded.passport_hash,
    client_hash = excluded.client_hash, body = excluded.body, changed_at = excluded.changed_at,
    erased_at = excluded.erased_at
WHERE p.revision = excluded.revision - 1
RETURNING p.profile_id;

-- name: write_versions
-- Keep the versions that were taken over.
INSERT INTO version (profile_id, version, language, facts, programs_met, taken_at)
SELECT * FROM unnest($1::text [], $2::bigint [], $3::text [], $4::text [], $5::boolean [], $6::timestamptz [])
ON CONFLICT DO NOTHING;

-- name: write_identities
-- Keep the identity of the version in force, encrypted.
INSERT INTO identity (profile_id, version, key_id, sealed)
SELECT * FROM unnest($1::text [], $2::bigint [], $3::text [], $4::bytea [])
ON CONFLICT (profile_id) DO UPDATE SET
    version = excluded.version, key_id = excluded.key_id, sealed = excluded.sealed;

-- name: write_people
-- Who holds each person now. Their rows are locked.
UPDATE person AS p SET profile_id = w.profile_id
FROM unnest($1::bytea [], $2::text []) AS w (person, profile_id)
WHERE p.person = w.person;

-- name: write_bars
-- The bar that each of these profiles sets for a person. Their rows are locked.
INSERT INTO bar (person, profile_id, since, until, section)
SELECT * FROM unnest($1::bytea [], $2::text [], $3::date [], $4::date [], $5::text [])
ON CONFLICT (person, profile_id) DO UPDATE SET
    since = excluded.since, until = excluded.until, section = excluded.section;

-- name: lift_bars
-- These bars hold no more.
DELETE FROM bar AS b USING unnest($1::bytea [], $2::text []) AS w (person, profile_id)
WHERE b.person = w.person AND b.profile_id = w.profile_id;

-- name: write_outcomes
-- Keep the outcome of each version; one that is there already is counted out.
INSERT INTO outcome (profile_id, withdrawal, version, outcome, content, decided_at, ce_id, body)
SELECT * FROM unnest(
    $1::text [], $2::boolean [], $3::bigint [], $4::text [], $5::bytea [], $6::timestamptz [], $7::text [], $8::text []
)
ON CONFLICT DO NOTHING
RETURNING profile_id;

-- name: write_event_outcomes
-- Keep the outcome of each event that has no version of its own; one that is there already is counted out.
INSERT INTO event_outcome (ce_source, ce_id, profile_id, content, decided_at, fact_id, body)
SELECT * FROM unnest(
    $1::text [], $2::text [], $3::text [], $4::bytea [], $5::timestamptz [], $6::text [], $7::text []
)
ON CONFLICT DO NOTHING
RETURNING profile_id;

-- name: write_invitations
-- What was learned of invitations; an older step of one changes nothing.
INSERT INTO invitation AS i (
    profile_id, invitation_id, sequence, state, deadline, at, applied_at, application_state, barred_since, barred_until,
    bar_section
)
SELECT * FROM unnest(
    $1::text [], $2::text [], $3::bigint [], $4::text [], $5::timestamptz [], $6::timestamptz [], $7::timestamptz [],
    $8::text [], $9::date [], $10::date [], $11::text []
)
ON CONFLICT (profile_id, invitation_id) DO UPDATE SET
    sequence = excluded.sequence, state = excluded.state, deadline = excluded.deadline, at = excluded.at,
    applied_at = excluded.applied_at, application_state = excluded.application_state,
    barred_since = excluded.barred_since, barred_until = excluded.barred_until, bar_section = excluded.bar_section
WHERE i.sequence < excluded.sequence;

-- name: take_due
-- Rows of which an instant has come, the longest due first; rows that another process has in hand are its own.
SELECT * FROM profile
WHERE due_at <= $1 AND NOT profile_id = ANY($2::text [])
ORDER BY due_at
LIMIT $3
FOR UPDATE SKIP LOCKED;

-- name: count_due
-- How many rows are due.
SELECT count(*) FROM profile WHERE due_at <= $1;

-- name: laws_in_use
-- The rule sets under which profiles in the pool were evaluated, each with its first and last day of submission.
-- While the re-evaluation is stopped none, unless asked for ($1).
-- (One step of the recursion per distinct value: the index is probed, not read.)
WITH RECURSIVE found AS (
    (
        SELECT law FROM profile
        WHERE status = 'in_pool' AND ($1::boolean OR NOT EXISTS (SELECT FROM law_stopped))
        ORDER BY law LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT p.law FROM profile AS p
        WHERE p.status = 'in_pool' AND p.law > f.law
        ORDER BY p.law LIMIT 1
    )
    FROM found AS f WHERE f.law IS NOT NULL
)
SELECT
    f.law,
    (
        SELECT p.submitted_on FROM profile AS p WHERE p.status = 'in_pool' AND p.law = f.law
        ORDER BY p.submitted_on LIMIT 1
    ) AS first_day,
    (
        SELECT p.submitted_on FROM profile AS p WHERE p.status = 'in_pool' AND p.law = f.law
        ORDER BY p.submitted_on DESC LIMIT 1
    ) AS last_day
FROM found AS f WHERE f.law IS NOT NULL;

-- name: law_stopped
-- Since when, and why, the re-evaluation under new rule sets is stopped.
SELECT stopped_at, reason FROM law_stopped;

-- name: stop_law
-- Stop it in every process; twice keeps the first reason.
INSERT INTO law_stopped (reason) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: resume_law
-- Let it go on.
DELETE FROM law_stopped;

-- name: take_under_law
-- Rows in the pool that were evaluated under other rule sets than those in force for them.
SELECT p.* FROM profile AS p
WHERE
    p.status = 'in_pool' AND NOT p.profile_id = ANY($3::text [])
    AND (p.law, p.submitted_on) IN (SELECT * FROM unnest($1::text [], $2::date []))
LIMIT $4
FOR UPDATE SKIP LOCKED;

-- name: count_under_law
-- How many rows were evaluated under other rule sets than those in force for them.
SELECT count(*) FROM profile AS p
WHERE p.status = 'in_pool' AND (p.law, p.submitted_on) IN (SELECT * FROM unnest($1::text [], $2::date []));

-- name: current_profiles
-- The rows behind topic `profile`; an erased one has no body.
SELECT
    'profile' AS topic, profile_id AS key, sequence, 'profile.changed.v1' AS type, changed_at AS ce_time, body
FROM profile WHERE profile_id = ANY($1::text []) AND sequence > 0;

-- name: keys
-- Every profile in order of number, a page of $2 after $1.
SELECT profile_id AS key FROM profile WHERE sequence > 0 AND profile_id > $1 ORDER BY profile_id LIMIT $2;

-- name: sequences
-- The sequences of these profiles.
SELECT profile_id AS key, sequence FROM profile WHERE profile_id = ANY($1::text []);

-- name: show_profile
-- One profile.
SELECT * FROM profile WHERE profile_id = $1;

-- name: show_outcomes
-- What became of each version of one profile, in order.
SELECT withdrawal, version, outcome, decided_at, body FROM outcome
WHERE profile_id = $1 ORDER BY decided_at, version, withdrawal;

-- name: show_invitations
-- The invitations of one profile, in order.
SELECT invitation_id, state, sequence, deadline, at FROM invitation WHERE profile_id = $1 ORDER BY at, invitation_id;

-- name: read_identity
-- The encrypted identity of one profile.
SELECT sealed FROM identity WHERE profile_id = $1;

-- name: take_sealed_by_others
-- Identities that are not encrypted with the newest key.
SELECT profile_id, sealed FROM identity WHERE key_id <> $1 ORDER BY profile_id LIMIT $2 FOR UPDATE;

-- name: write_sealed
-- Identities, encrypted anew.
UPDATE identity AS i SET key_id = $3, sealed = w.sealed
FROM unnest($1::text [], $2::bytea []) AS w (profile_id, sealed)
WHERE i.profile_id = w.profile_id;

-- name: erased_among
-- Those of these profiles that were forgotten.
SELECT profile_id FROM profile WHERE profile_id = ANY($1::text []) AND erased_at IS NOT NULL;

-- name: lock_commands
-- One process carries out commands at a time.
SELECT pg_try_advisory_xact_lock(hashtext('intake.commands'));

-- name: open_commands
-- Commands without an outcome, but for those that are set aside.
SELECT command_id, kind, profile_id, consent, confirms, given_by FROM command AS c
WHERE
    NOT 'command ' || c.command_id = ANY($1::text [])
    AND NOT EXISTS (SELECT FROM command_outcome AS o WHERE o.command_id = c.command_id)
ORDER BY c.command_id LIMIT $2;

-- name: count_commands
-- How many commands have no outcome.
SELECT count(*) FROM command AS c
WHERE NOT EXISTS (SELECT FROM command_outcome AS o WHERE o.command_id = c.command_id);

-- name: ordered
-- The order that a command confirms: it was not refused, and no confirmation has carried it out.
SELECT c.profile_id, c.consent, c.given_by FROM command AS c
INNER JOIN command_outcome AS o USING (command_id)
WHERE
    c.command_id = $1 AND c.kind = 'forget' AND o.refused IS NULL AND NOT EXISTS (
        SELECT FROM command AS d INNER JOIN command_outcome AS p USING (command_id)
        WHERE d.confirms = c.command_id AND p.refused IS NULL
    );

-- name: add_command
-- Give a command; who gives it is the login of the session.
INSERT INTO command (kind, profile_id, consent, confirms) VALUES ($1, $2, $3, $4) RETURNING command_id;

-- name: ordered_person
-- Whom an order is about.
SELECT profile_id FROM command WHERE command_id = $1;

-- name: command_outcome
-- What became of a command; no row = it waits.
SELECT refused, may_from, forgotten FROM command_outcome WHERE command_id = $1;

-- name: add_command_outcome
-- What became of a command.
INSERT INTO command_outcome (command_id, at, refused, may_from, forgotten) VALUES ($1, $2, $3, $4, $5);

-- name: hashes_of
-- The hashes of the people behind these profiles, earlier passports too.
SELECT passport_hash AS person FROM profile WHERE profile_id = ANY($1::text []) AND passport_hash IS NOT NULL
UNION
SELECT client_hash FROM profile WHERE profile_id = ANY($1::text []) AND client_hash IS NOT NULL
UNION
SELECT person FROM person WHERE profile_id = ANY($1::text []);

-- name: profiles_of
-- The profiles of these hashes.
SELECT profile_id FROM profile WHERE passport_hash = ANY($1::bytea [])
UNION
SELECT profile_id FROM profile WHERE client_hash = ANY($1::bytea [])
UNION
SELECT profile_id FROM person WHERE person = ANY($1::bytea []) AND profile_id IS NOT NULL;

-- name: last_outcome
-- When the newest outcome of a submission of these profiles was decided.
SELECT max(decided_at) FROM (
    SELECT decided_at FROM outcome WHERE profile_id = ANY($1::text [])
    UNION ALL
    SELECT decided_at FROM event_outcome WHERE profile_id = ANY($1::text [])
) AS decided;

-- name: forget_profiles
-- Forget what is published, the language and who it is; ranking keys and guards stay. None that is live.
UPDATE profile SET
    body = NULL, language = 'en', passport_hash = NULL, client_hash = NULL, erased_at = $2, changed_at = $2,
    revision = revision + 1, sequence = CASE WHEN sequence > 0 THEN sequence + 1 ELSE 0 END
WHERE profile_id = ANY($1::text []) AND erased_at IS NULL AND status IS DISTINCT FROM 'in_pool' AND NOT invited
RETURNING profile_id;

-- name: forget_versions
-- Forget the facts of every version.
UPDATE version SET facts = NULL, language = 'en' WHERE profile_id = ANY($1::text []);

-- name: forget_identities
-- Forget who these candidates are.
DELETE FROM identity WHERE profile_id = ANY($1::text []);

-- name: forget_outcomes
-- Forget what rejections said; that there was one, and of which content, stays.
UPDATE outcome SET body = NULL WHERE profile_id = ANY($1::text []) AND body IS NOT NULL;

-- name: forget_event_outcomes
-- Forget what rejections said that no version holds.
UPDATE event_outcome SET body = '' WHERE profile_id = ANY($1::text []);

-- name: release_people
-- No profile holds these people any more.
UPDATE person SET profile_id = NULL WHERE person = ANY($1::bytea []);

-- name: drop_people
-- Forget these hashes, but for those that are barred on a day.
DELETE FROM person AS p WHERE
    p.person = ANY($1::bytea [])
    AND NOT EXISTS (SELECT FROM bar AS b WHERE b.person = p.person AND (b.until IS NULL OR b.until >= $2));

-- name: drop_unheld
-- Forget hashes that no profile holds and that are not barred on a day.
DELETE FROM person WHERE person IN (
    SELECT p.person FROM person AS p
    WHERE
        p.profile_id IS NULL
        AND NOT EXISTS (SELECT FROM bar AS b WHERE b.person = p.person AND (b.until IS NULL OR b.until >= $1))
    LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING person;

-- name: count_unheld
-- How many hashes no profile holds that are not barred on a day.
SELECT count(*) FROM person AS p WHERE
    p.profile_id IS NULL
    AND NOT EXISTS (SELECT FROM bar AS b WHERE b.person = p.person AND (b.until IS NULL OR b.until >= $1));
