-- name: open_files
-- Make the rows of profiles not seen before, in order.
INSERT INTO case_file (profile_id) SELECT unnest($1::text []) ON CONFLICT DO NOTHING;

-- name: lock_files
-- Lock the rows of these profiles, in order.
SELECT profile_id, language, waiting, erased FROM case_file
WHERE profile_id = ANY($1::text []) ORDER BY profile_id FOR UPDATE;

-- name: add_inputs
-- Store inputs as received; one that is there already stays as it is.
INSERT INTO received_input (
    source, source_id, profile_id, kind, at, content, body, refused, automatic, profile_sequence, read_at
)
SELECT source, source_id, profile_id, kind, at, content, body, refused::jsonb, automatic, profile_sequence, $11
FROM unnest(
    $1::text [], $2::text [], $3::text [], $4::text [], $5::timestamptz [], $6::bytea [], $7::text [], $8::text [],
    $9::boolean [], $10::bigint []
) AS i (source, source_id, profile_id, kind, at, content, body, refused, automatic, profile_sequence)
ON CONFLICT DO NOTHING
RETURNING profile_id;

-- name: contents
-- What is stored under these numbers.
SELECT r.source, r.source_id, r.profile_id, r.content FROM received_input AS r
INNER JOIN unnest($1::text [], $2::text []) AS n (source, source_id) USING (source, source_id);

-- name: inputs
-- The inputs of these profiles.
SELECT profile_id, source, source_id, kind, at, body, refused, automatic FROM received_input
WHERE profile_id = ANY($1::text []);

-- name: add_facts
-- Keep the facts of each sequence that was read.
INSERT INTO profile_facts (profile_id, sequence, submitted_at, facts)
SELECT * FROM unnest($1::text [], $2::bigint [], $3::timestamptz [], $4::text [])
ON CONFLICT DO NOTHING;

-- name: see_profiles
-- The newest sequence that was read, with what the case needs of it.
UPDATE case_file AS f SET language = n.language, profile_sequence = n.sequence, closed_at = n.closed_at
FROM unnest($1::text [], $2::bigint [], $3::text [], $4::timestamptz []) AS n (profile_id, sequence, language, closed_at)
WHERE f.profile_id = n.profile_id AND f.profile_sequence < n.sequence AND NOT f.erased;

-- name: declared
-- The facts that the invitations of these profiles name.
SELECT p.profile_id, p.sequence, p.submitted_at, p.facts FROM profile_facts AS p
WHERE
    p.profile_id = ANY($1::text [])
    AND EXISTS (
        SELECT FROM received_input AS r WHERE r.profile_id = p.profile_id AND r.profile_sequence = p.sequence
    );

-- name: acted
-- The deadlines of these profiles that were acted on.
SELECT profile_id, kind, subject, at FROM acted_deadline WHERE profile_id = ANY($1::text []);

-- name: add_acted
-- The clock acted on these.
INSERT INTO acted_deadline (profile_id, kind, subject, at)
SELECT * FROM unnest($1::text [], $2::text [], $3::text [], $4::timestamptz [])
ON CONFLICT DO NOTHING;

-- name: said
-- What holds of what was said about these profiles, oldest first.
SELECT said_id, profile_id, identity, topic, ce_id, code, invitation_id FROM said
WHERE profile_id = ANY($1::text []) AND withdrawn_by IS NULL AND identity IS NOT NULL ORDER BY said_id;

-- name: add_said
-- Remember what is said now.
INSERT INTO said (profile_id, identity, topic, ce_id, code, invitation_id, at, body)
SELECT * FROM unnest(
    $1::text [], $2::text [], $3::text [], $4::text [], $5::text [], $6::text [], $7::timestamptz [], $8::text []
);

-- name: withdraw_said
-- These no longer hold, since another fact was said.
UPDATE said AS s SET withdrawn_by = n.withdrawn_by
FROM unnest($1::bigint [], $2::text []) AS n (said_id, withdrawn_by)
WHERE s.said_id = n.said_id;

-- name: put_files
-- When the clock has to act next, and how many inputs wait.
UPDATE case_file AS f SET next_due = n.next_due, waiting = n.waiting
FROM unnest($1::text [], $2::timestamptz [], $3::integer []) AS n (profile_id, next_due, waiting)
WHERE f.profile_id = n.profile_id;

-- name: put_invitations
-- How invitations stand.
INSERT INTO invitation AS i (
    invitation_id, profile_id, round_id, state, deadline, application_state, application_received_at
)
SELECT * FROM unnest(
    $1::text [], $2::text [], $3::text [], $4::text [], $5::timestamptz [], $6::text [], $7::timestamptz []
)
ON CONFLICT (invitation_id) DO UPDATE SET
    state = excluded.state,
    deadline = excluded.deadline,
    application_state = excluded.application_state,
    application_received_at = excluded.application_received_at
WHERE i.profile_id = excluded.profile_id;

-- name: take_due
-- Profiles with a deadline that may be acted on ($1: everything before it was read).
SELECT profile_id FROM case_file
WHERE next_due <= $1 AND NOT profile_id = ANY($2::text [])
ORDER BY next_due LIMIT $3 FOR UPDATE SKIP LOCKED;

-- name: count_due
-- How many profiles have a deadline that has come.
SELECT count(*) FROM case_file WHERE next_due <= $1;

-- name: any_due
-- Whether a deadline has come.
SELECT EXISTS (SELECT FROM case_file WHERE next_due <= $1);

-- name: next_command
-- The next command that was not carried out yet and is not set aside; a cancellation waits for its confirmation.
SELECT command_id, kind, invitations, round_id, until, reason, confirms, given_by FROM command AS c
WHERE
    c.kind <> 'cancel' AND NOT 'command ' || c.command_id = ANY($1::text [])
    AND NOT EXISTS (SELECT FROM command_outcome AS o WHERE o.command_id = c.command_id)
ORDER BY c.command_id LIMIT 1;

-- name: count_commands
-- How many commands wait to be carried out.
SELECT count(*) FROM command AS c
WHERE c.kind <> 'cancel' AND NOT EXISTS (SELECT FROM command_outcome AS o WHERE o.command_id = c.command_id);

-- name: lock_commands
-- One process carries out commands at a time.
SELECT pg_try_advisory_xact_lock(hashtext('decisions.commands'));

-- name: cancellation
-- The cancellation that a command confirms, if it is one that nobody confirmed yet.
SELECT c.command_id, c.invitations, c.round_id, c.reason, c.given_by FROM command AS c
WHERE
    c.command_id = $1 AND c.kind = 'cancel'
    AND NOT EXISTS (SELECT FROM command_outcome AS o WHERE o.command_id = c.command_id);

-- name: named_invitations
-- The invitations that a command names, by number or by round, and that are open or take another application.
SELECT invitation_id, profile_id, deadline, application_state FROM invitation
WHERE
    (state = 'open' OR (state = 'applied' AND application_state = 'returned'))
    AND (invitation_id = ANY($1::text []) OR round_id = $2)
ORDER BY profile_id;

-- name: add_command_outcome
-- What became of a command.
INSERT INTO command_outcome (command_id, at, changed, refused) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: erase_facts
-- Forget what these profiles declared.
UPDATE profile_facts SET facts = NULL WHERE profile_id = ANY($1::text []);

-- name: erase_inputs
-- Forget the bodies of what was received; hashes, instants and names stay.
UPDATE received_input SET body = NULL WHERE profile_id = ANY($1::text []);

-- name: erase_said
-- Forget the bodies of what was said.
UPDATE said SET body = NULL WHERE profile_id = ANY($1::text []);

-- name: erase_files
-- Nothing is due or folded any more.
UPDATE case_file SET erased = true, language = 'en', next_due = NULL, waiting = 0 WHERE profile_id = ANY($1::text []);

-- name: waiting_inputs
-- How many inputs wait for what they answer.
SELECT coalesce(sum(waiting), 0) FROM case_file WHERE waiting > 0;

-- name: applications_by_state
-- How many applications are in each state, and since when the oldest one is.
SELECT application_state AS state, count(*) AS applications, min(application_received_at) AS oldest
FROM invitation WHERE application_state IS NOT NULL GROUP BY application_state;

-- name: take_closed
-- Profiles closed before $1 whose needless facts may go.
SELECT profile_id FROM case_file
WHERE closed_at <= $1 AND waiting = 0 AND NOT profile_id = ANY($2::text [])
ORDER BY closed_at LIMIT $3 FOR UPDATE SKIP LOCKED;

-- name: count_closed
-- How many profiles were closed before $1.
SELECT count(*) FROM case_file WHERE closed_at <= $1 AND waiting = 0;

-- name: any_closed
-- Whether a profile was closed before $1.
SELECT EXISTS (SELECT FROM case_file WHERE closed_at <= $1 AND waiting = 0);

-- name: drop_facts
-- The facts of these profiles that no invitation names.
DELETE FROM profile_facts AS p
WHERE
    p.profile_id = ANY($1::text [])
    AND NOT EXISTS (
        SELECT FROM received_input AS r WHERE r.profile_id = p.profile_id AND r.profile_sequence = p.sequence
    );

-- name: dropped
-- Their needless facts are gone.
UPDATE case_file SET closed_at = NULL WHERE profile_id = ANY($1::text []);

-- name: file_story
-- One profile's row.
SELECT profile_id, next_due, waiting, erased FROM case_file WHERE profile_id = $1;

-- name: input_story
-- Everything that was received about a profile, in the order of receipt, without bodies.
SELECT at, source, source_id, kind, refused, read_at FROM received_input
WHERE profile_id = $1 ORDER BY at, source, source_id;

-- name: said_story
-- Everything that was said about a profile.
SELECT topic, ce_id, code, at, withdrawn_by, body FROM said WHERE profile_id = $1 ORDER BY said_id;

-- name: invitation_story
-- The invitations of a profile.
SELECT invitation_id, round_id, state, deadline, application_state, application_received_at FROM invitation
WHERE profile_id = $1 ORDER BY invitation_id;

-- name: acted_story
-- The deadlines of a profile that were acted on.
SELECT kind, subject, at FROM acted_deadline WHERE profile_id = $1 ORDER BY at, kind;

-- name: add_command
-- Give a command; who gives it is the login of the session.
INSERT INTO command (kind, invitations, round_id, until, reason, confirms) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING command_id;

-- name: command_story
-- The newest commands and what became of them.
SELECT c.command_id, c.kind, c.reason, c.given_by, c.given_at, o.at, o.changed, o.refused
FROM command AS c
LEFT JOIN command_outcome AS o USING (command_id)
ORDER BY c.command_id DESC LIMIT $1;

-- name: command_outcome
-- What became of a command; no row = it waits.
SELECT changed, refused FROM command_outcome WHERE command_id = $1;
