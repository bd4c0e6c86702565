-- name: share_pool
-- Take the pool's lock for an ingest batch: others may ingest, a round may not rank. One that ranks is waited for.
SELECT set_config('lock_timeout', '10s', true), pg_advisory_xact_lock_shared(hashtext('draws.pool'));

-- name: be_patient
-- For the rest of a round's transaction: batches that are under way are waited for, and a big round takes its time.
SELECT
    set_config('lock_timeout', '60s', true),
    set_config('statement_timeout', '120s', true),
    set_config('idle_in_transaction_session_timeout', '120s', true);

-- name: take_time
-- For what nobody waits for: as long as $1 (ms), and one core at most.
SELECT set_config('statement_timeout', $1, true), set_config('max_parallel_workers_per_gather', '0', true);

-- name: one_at_a_time
-- Rounds are held one after the other: who was invited in one is marked before the next one ranks.
SELECT pg_advisory_xact_lock(hashtext('draws.holding'));

-- name: own_pool
-- Take the pool's lock for a round that ranks: what is being taken in is waited for, nothing more until `leave_pool`.
SELECT pg_advisory_lock(hashtext('draws.pool'));

-- name: leave_pool
-- Give the pool's lock back: ingest goes on.
SELECT pg_advisory_unlock(hashtext('draws.pool'));

-- name: stand_on
-- From now on keep the rows as they are before change $1, on which a round will stand.
SELECT setval('last_ranked', $1);

-- name: begin_change
-- The number of this transaction's change of the pool; the pool's lock is held.
INSERT INTO change (at) VALUES ($1) RETURNING number;

-- name: lock_profiles
-- The guards of these profiles, their rows locked in order.
SELECT profile_id, scored_sequence, eligible_sequence FROM pool
WHERE profile_id = ANY($1::text []) ORDER BY profile_id FOR UPDATE;

-- name: seen_scored
-- The newest `scored` that was taken in of these profiles.
SELECT profile_id AS key, coalesce(scored_sequence, 0) AS sequence FROM pool WHERE profile_id = ANY($1::text []);

-- name: seen_eligible
-- The newest `eligible` that was taken in of these profiles.
SELECT profile_id AS key, coalesce(eligible_sequence, 0) AS sequence FROM pool WHERE profile_id = ANY($1::text []);

-- name: read_decided
-- How far these invitations were decided.
SELECT invitation_id, decided_sequence FROM invitation WHERE invitation_id = ANY($1::text []);

-- name: read_drafts
-- Those of these instructions of which a draft is kept.
SELECT d.source, d.source_id FROM round_draft AS d
INNER JOIN unnest($1::text [], $2::text []) AS n (source, source_id) USING (source, source_id);

-- name: add_rule_sets
-- Combinations of rule sets that were not seen before.
INSERT INTO rule_sets (names)
SELECT n.names FROM unnest($1::text []) AS n (names)
WHERE NOT EXISTS (SELECT 1 FROM rule_sets AS r WHERE r.names = n.names)
ORDER BY n.names
ON CONFLICT DO NOTHING;

-- name: put_scored
-- What `scored` says of these profiles, where it is newer; $1 is the change.
INSERT INTO pool AS p (
    since_change, profile_id, scored_sequence, profile_sequence, status, submitted_at, expires_at, evaluated_on,
    next_change_on, rule_sets_id, provisional, total, factors, correspondence_language
)
SELECT
    $1, n.profile_id, n.sequence, n.profile_sequence, n.status, n.submitted_at, n.expires_at, n.evaluated_on,
    n.next_change_on, r.id, n.provisional, n.total, n.factors, n.language
FROM unnest(
    $2::text [], $3::bigint [], $4::bigint [], $5::text [], $6::timestamptz [], $7::timestamptz [], $8::date [],
    $9::date [], $10::text [], $11::boolean [], $12::smallint [], $13::jsonb [], $14::text []
) AS n (
    profile_id, sequence, profile_sequence, status, submitted_at, expires_at, evaluated_on,
    next_change_on, rule_sets, provisional, total, factors, language
)
INNER JOIN rule_sets AS r ON r.names = n.rule_sets
ON CONFLICT (profile_id) DO UPDATE SET
    since_change = excluded.since_change,
    scored_sequence = excluded.scored_sequence,
    profile_sequence = excluded.profile_sequence,
    status = excluded.status,
    submitted_at = excluded.submitted_at,
    expires_at = excluded.expires_at,
    evaluated_on = excluded.evaluated_on,
    next_change_on = excluded.next_change_on,
    rule_sets_id = excluded.rule_sets_id,
    provisional = excluded.provisional,
    total = excluded.total,
    factors = excluded.factors,
    correspondence_language = excluded.correspondence_language
WHERE -- scored, and no language: erased, and it stays so whatever is replayed
    p.scored_sequence IS NULL
    OR (p.scored_sequence < excluded.scored_sequence AND p.correspondence_language IS NOT NULL);

-- name: take_out
-- An erasure: out of the pool, should it be there. One that was never scored gets a row, so that what is replayed of it
-- finds it erased (scored, and no language); $1 is the change.
INSERT INTO pool AS p (since_change, profile_id, scored_sequence)
SELECT $1, n.profile_id, 0 FROM unnest($2::text []) AS n (profile_id)
ON CONFLICT (profile_id) DO UPDATE SET
    since_change = excluded.since_change, scored_sequence = coalesce(p.scored_sequence, 0), status = NULL
WHERE p.scored_sequence IS NULL OR p.status = 'in_pool';

-- name: put_eligible
-- What `eligible` says of these profiles, where it is newer; $1 is the change.
INSERT INTO pool AS p (since_change, profile_id, eligible_sequence, groupings)
SELECT $1, n.* FROM unnest($2::text [], $3::bigint [], $4::bigint []) AS n (profile_id, sequence, groupings)
ON CONFLICT (profile_id) DO UPDATE SET
    since_change = excluded.since_change,
    eligible_sequence = excluded.eligible_sequence,
    groupings = excluded.groupings
WHERE p.eligible_sequence IS NULL OR p.eligible_sequence < excluded.eligible_sequence;

-- name: put_traits
-- By what rehearsals break these profiles down; a row that says the same already is left alone, an erased one too.
INSERT INTO trait AS t (profile_id, age, first_language)
SELECT n.profile_id, n.age, n.first_language
FROM unnest($1::text [], $2::smallint [], $3::text []) AS n (profile_id, age, first_language)
INNER JOIN pool AS p USING (profile_id)
WHERE p.correspondence_language IS NOT NULL
ON CONFLICT (profile_id) DO UPDATE SET age = excluded.age, first_language = excluded.first_language
WHERE (t.age, t.first_language) IS DISTINCT FROM (excluded.age, excluded.first_language);

-- name: grouping_bits
-- The bit of each grouping.
SELECT key, bit FROM grouping_bit;

-- name: lock_grouping_bits
-- One transaction at a time gives bits to new groupings.
SELECT pg_advisory_xact_lock(hashtext('draws.grouping_bit'));

-- name: add_groupings
-- Give the next bits to groupings that were not seen before.
INSERT INTO grouping_bit (key, bit)
SELECT n.key, (SELECT max(bit) FROM grouping_bit) + row_number() OVER (ORDER BY n.key)
FROM unnest($1::text []) AS n (key)
WHERE NOT EXISTS (SELECT 1 FROM grouping_bit AS g WHERE g.key = n.key);

-- name: invitations_known
-- Those of these invitations that are ours.
SELECT invitation_id FROM invitation WHERE invitation_id = ANY($1::text []);

-- name: put_decided
-- What `decided` says of these invitations, where it is newer.
UPDATE invitation AS i SET state = n.state, decided_sequence = n.sequence
FROM unnest($1::text [], $2::bigint [], $3::text []) AS n (invitation_id, sequence, state)
WHERE i.invitation_id = n.invitation_id AND i.decided_sequence < n.sequence;

-- name: invitation_changes
-- Those of these profiles for which it is no longer as the row says whether an invitation stands in the way.
SELECT p.profile_id FROM pool AS p
WHERE p.profile_id = ANY($1::text []) AND p.has_invitation IS DISTINCT FROM EXISTS (
    SELECT 1 FROM invitation AS i
    WHERE i.profile_id = p.profile_id AND i.state IN ('open', 'lapsed', 'applied')
);

-- name: turn_invitations
-- Turn round whether an invitation stands in the way of these profiles; $2 is the change.
UPDATE pool SET has_invitation = NOT has_invitation, since_change = $2 WHERE profile_id = ANY($1::text []);

-- name: unmarked
-- Profiles of which the row does not say yet that a round has invited them; with its certificate a round has no more.
SELECT p.profile_id
FROM round AS r
INNER JOIN invitation AS i ON i.round_id = r.round_id
INNER JOIN pool AS p ON p.profile_id = i.profile_id
WHERE r.state = 'held' AND r.certificate IS NULL AND i.state IN ('open', 'lapsed', 'applied') AND NOT p.has_invitation
ORDER BY p.profile_id;

-- name: forget_language
-- An erasure: the language of correspondence is the only declared value here.
UPDATE pool SET correspondence_language = NULL WHERE profile_id = ANY($1::text []);

-- name: forget_language_in_history
-- An erasure, in the superseded rows.
UPDATE pool_history SET correspondence_language = NULL WHERE profile_id = ANY($1::text []);

-- name: forget_traits
-- An erasure, of what rehearsals break down by.
DELETE FROM trait WHERE profile_id = ANY($1::text []);

-- name: put_held
-- Entries of `held`, where they are newer.
INSERT INTO held_record AS h (key, sequence, profile_id, service, state)
SELECT * FROM unnest($1::text [], $2::bigint [], $3::text [], $4::text [], $5::text [])
ON CONFLICT (key) DO UPDATE SET
    sequence = excluded.sequence, profile_id = excluded.profile_id, service = excluded.service, state = excluded.state
WHERE h.sequence < excluded.sequence;

-- name: settle_held
-- Entries of `held` that were erased.
UPDATE held_record SET state = 'settled' WHERE key = ANY($1::text []);

-- name: pass_offsets
-- Everything before these offsets is handled.
INSERT INTO handled_offset AS h (topic, partition, next_offset)
SELECT * FROM unnest($1::text [], $2::integer [], $3::bigint [])
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
WHERE h.next_offset < excluded.next_offset;

-- name: forget_offset
-- This partition is read again from its first record: nothing of it is handled.
DELETE FROM handled_offset WHERE topic = $1 AND partition = $2;

-- name: handled_offsets
-- How far each partition was handled.
SELECT topic, partition, next_offset FROM handled_offset ORDER BY topic, partition;

-- name: lock_round
-- One round and everything about it, until the end of the transaction; also where it does not exist yet.
SELECT pg_advisory_xact_lock(hashtext('draws.round'), hashtext($1));

-- name: round_row
-- A round as it stands, its row locked.
SELECT
    round_id, state, instruction, content_hash, drafted_by, approved_by, preview, waits_for, change_number, result,
    certificate
FROM round WHERE round_id = $1 FOR UPDATE;

-- name: show_round
-- A round as it stands.
SELECT
    round_id, state, instruction, content_hash, drafted_by, approved_by, preview, waits_for, change_number, result,
    certificate
FROM round WHERE round_id = $1;

-- name: list_rounds
-- All rounds, the newest first.
SELECT
    round_id, state, instruction, content_hash, drafted_by, approved_by, preview, waits_for, change_number, result,
    certificate
FROM round ORDER BY instant DESC, length(round_id) DESC, round_id DESC;

-- name: round_steps
-- What happened to a round, in order.
SELECT step, by, at, content_hash, reasons FROM round_step WHERE round_id = $1 ORDER BY step_id;

-- name: add_draft
-- A draft as it came; none if the same one came before.
INSERT INTO round_draft (source, source_id, round_id, content_hash, instruction, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING round_id;

-- name: put_draft
-- The newest draft of a round: nothing of an earlier approval is left.
INSERT INTO round AS r (round_id, state, instruction, content_hash, instant, drafted_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (round_id) DO UPDATE SET
    state = excluded.state,
    instruction = excluded.instruction,
    content_hash = excluded.content_hash,
    instant = excluded.instant,
    drafted_by = excluded.drafted_by,
    approved_by = NULL,
    preview = NULL,
    waits_for = '[]';

-- name: put_round_state
-- A round that is approved, refused or cancelled; nobody is named where the approval stays as it was.
UPDATE round SET
    state = $2, approved_by = coalesce($3, approved_by), preview = coalesce($4, preview), waits_for = '[]'
WHERE round_id = $1;

-- name: put_waits_for
-- What an approved round waits for.
UPDATE round SET waits_for = $2 WHERE round_id = $1 AND state = 'approved';

-- name: put_held_round
-- A round that is held at change $2.
UPDATE round SET state = 'held', change_number = $2, result = $3, waits_for = '[]' WHERE round_id = $1;

-- name: put_certificate
-- The certificate of a held round; none if it had one.
UPDATE round SET certificate = $2 WHERE round_id = $1 AND certificate IS NULL RETURNING round_id;

-- name: add_round_step
-- A step in the life of a round.
INSERT INTO round_step (round_id, step, by, at, content_hash, reasons) VALUES ($1, $2, $3, $4, $5, $6);

-- name: lock_commands
-- One process at a time carries out commands, in their order.
SELECT pg_try_advisory_xact_lock(hashtext('draws.command'));

-- name: open_commands
-- Commands that were not yet carried out, but for those of rounds that are set aside.
SELECT c.command_id, c.kind, c.round_id, c.instruction, c.content_hash, c.preview, c.given_by FROM command AS c
WHERE
    NOT EXISTS (SELECT 1 FROM command_outcome AS o WHERE o.command_id = c.command_id)
    AND c.round_id <> ALL($1::text [])
ORDER BY c.command_id LIMIT $2;

-- name: count_open_commands
-- How many commands were not yet carried out.
SELECT count(*) FROM command AS c
WHERE NOT EXISTS (SELECT 1 FROM command_outcome AS o WHERE o.command_id = c.command_id);

-- name: add_outcome
-- What became of a command.
INSERT INTO command_outcome (command_id, at, reasons) VALUES ($1, $2, $3);

-- name: next_round
-- The round to go on with: held but not certified, or approved and its instant come. Numbers as people count them.
SELECT round_id FROM round
WHERE (state = 'held' AND certificate IS NULL) OR (state = 'approved' AND instant <= $1)
ORDER BY state = 'approved', instant, length(round_id), round_id LIMIT 1;

-- name: count_due_rounds
-- How many rounds are to be gone on with.
SELECT count(*) FROM round WHERE (state = 'held' AND certificate IS NULL) OR (state = 'approved' AND instant <= $1);

-- name: count_due
-- Profiles in the pool whose next change has come on day $1 (1,000 stands for more).
SELECT count(*) FROM (
    SELECT 1 FROM pool WHERE status = 'in_pool' AND next_change_on <= $1 LIMIT 1000
) AS found;

-- name: count_later_day
-- Profiles in the pool that were evaluated for a later day than $1 (1,000 stands for more).
SELECT count(*) FROM (
    SELECT 1 FROM pool WHERE status = 'in_pool' AND evaluated_on > $1 LIMIT 1000
) AS found;

-- name: count_provisional
-- Profiles in the pool with a provisional result (1,000 stands for more), without those who are invited already.
SELECT count(*) FROM (
    SELECT 1 FROM pool WHERE status = 'in_pool' AND provisional AND NOT has_invitation LIMIT 1000
) AS found;

-- name: count_unequal
-- Profiles in the pool of which `scored` and `eligible` do not belong together (1,000 stands for more).
SELECT count(*) FROM (
    SELECT 1 FROM pool
    WHERE status = 'in_pool' AND scored_sequence IS DISTINCT FROM eligible_sequence LIMIT 1000
) AS found;

-- name: rule_sets_in_pool
-- The combinations of rule sets in the pool, with the earliest and the latest submission under each.
SELECT r.names, first.submitted_at AS first, last.submitted_at AS last
FROM rule_sets AS r
CROSS JOIN LATERAL (
    SELECT p.submitted_at FROM pool AS p
    WHERE p.status = 'in_pool' AND p.rule_sets_id = r.id ORDER BY p.submitted_at LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT p.submitted_at FROM pool AS p
    WHERE p.status = 'in_pool' AND p.rule_sets_id = r.id ORDER BY p.submitted_at DESC LIMIT 1
) AS last
ORDER BY r.names;

-- name: count_held
-- Records about profiles that wait in dead letters: of other services by topic, our own by our own table.
SELECT
    (SELECT count(*) FROM held_record WHERE state = 'open' AND service <> 'draws')
    + (SELECT count(*) FROM held WHERE state = 'open');

-- name: rank_grouping
-- The first of a grouping, from the index of its bit: $1 the instant, $2 how many.
SELECT
    profile_id, total, factors, submitted_at, expires_at, groupings, profile_sequence, scored_sequence, evaluated_on,
    provisional, correspondence_language, rule_sets_id
FROM pool
WHERE (groupings & {mask}) <> 0 AND status = 'in_pool' AND NOT has_invitation AND submitted_at <= $1 AND expires_at > $1
ORDER BY total DESC, submitted_at, profile_id
LIMIT $2;

-- name: places_in_grouping
-- Who stands at some places of a grouping: $1 the instant, $2 the first place from 0, $3 how many.
SELECT profile_id, total, submitted_at FROM pool
WHERE (groupings & {mask}) <> 0 AND status = 'in_pool' AND NOT has_invitation AND submitted_at <= $1 AND expires_at > $1
ORDER BY total DESC, submitted_at, profile_id
OFFSET $2 LIMIT $3;

-- name: traits_of_first
-- The first of a grouping broken down: $1 the instant, $2 how many.
WITH ranked AS (
    SELECT profile_id, groupings FROM pool
    WHERE
        (groupings & {mask}) <> 0 AND status = 'in_pool' AND NOT has_invitation
        AND submitted_at <= $1 AND expires_at > $1
    ORDER BY total DESC, submitted_at, profile_id
    LIMIT $2
)

SELECT r.groupings, t.age, t.first_language, count(*)
FROM ranked AS r LEFT JOIN trait AS t ON t.profile_id = r.profile_id
GROUP BY r.groupings, t.age, t.first_language;

-- name: traits_of_pool
-- All who can be invited at an instant ($1), broken down.
SELECT p.groupings, t.age, t.first_language, count(*)
FROM pool AS p LEFT JOIN trait AS t ON t.profile_id = p.profile_id
WHERE
    (p.groupings & 1) <> 0 AND p.status = 'in_pool' AND NOT p.has_invitation
    AND p.submitted_at <= $1 AND p.expires_at > $1
GROUP BY p.groupings, t.age, t.first_language;

-- name: profile_row
-- A profile in the pool as it stands.
SELECT status, total, submitted_at, groupings, has_invitation FROM pool WHERE profile_id = $1;

-- name: count_before
-- How many of a grouping stand before a place ($1 score, $2 instant of submission, $3 profile number), and how many are in it.
SELECT
    count(*) FILTER (WHERE total > $1 OR (total = $1 AND (submitted_at, profile_id) < ($2, $3))) AS before,
    count(*) AS eligible
FROM pool
WHERE (groupings & {mask}) <> 0 AND status = 'in_pool' AND NOT has_invitation;

-- name: kept_row
-- The row of a profile ($2) as it was when the round of change $1 ranked.
SELECT status, total, submitted_at, expires_at, groupings, has_invitation, eligible_sequence FROM pool
WHERE profile_id = $2 AND since_change < $1
UNION ALL
SELECT status, total, submitted_at, expires_at, groupings, has_invitation, eligible_sequence FROM pool_history
WHERE profile_id = $2 AND since_change < $1 AND until_change >= $1;

-- name: invitation_in_round
-- The rank of a profile ($2) in a round.
SELECT rank FROM invitation WHERE round_id = $1 AND profile_id = $2;

-- name: last_of_round
-- The last who was invited in a round.
SELECT rank, body FROM invitation WHERE round_id = $1 ORDER BY rank DESC LIMIT 1;

-- name: count_grouping
-- How many can be invited in a grouping at an instant ($1).
SELECT count(*) FROM pool
WHERE (groupings & {mask}) <> 0 AND status = 'in_pool' AND NOT has_invitation AND submitted_at <= $1 AND expires_at > $1;

-- name: count_by_score
-- How many can be invited with each score and each set of groupings, at an instant ($1) or as the pool stands (null).
SELECT total, groupings, count(*) FROM pool
WHERE
    (groupings & 1) <> 0 AND status = 'in_pool' AND NOT has_invitation
    AND ($1::timestamptz IS NULL OR (submitted_at <= $1 AND expires_at > $1))
GROUP BY total, groupings;

-- name: rule_sets_names
-- The names behind each combination of rule sets.
SELECT id, names FROM rule_sets WHERE id = ANY($1::integer []);

-- name: add_invitations
-- The invitations of a round.
INSERT INTO invitation (round_id, invitation_id, profile_id, rank, state, body)
SELECT $1, n.invitation_id, n.profile_id, n.rank, 'open', n.body
FROM unnest($2::text [], $3::text [], $4::integer [], $5::text [])
    AS n (invitation_id, profile_id, rank, body);

-- name: count_scores
-- The pool by score.
SELECT total, count(*) AS profiles FROM pool WHERE status = 'in_pool' GROUP BY total;

-- name: count_rounds
-- Rounds by state, and the earliest instant of those that are approved.
SELECT state, count(*) AS rounds, min(instant) FILTER (WHERE state = 'approved') AS due FROM round GROUP BY state;

-- name: kept_counts
-- How many had each score when the round of change $1 ranked: in the pool, and in its grouping ($2 the instant, $3 the mask).
WITH kept AS (
    SELECT total, groupings, status, has_invitation, submitted_at, expires_at FROM pool WHERE since_change < $1
    UNION ALL
    SELECT total, groupings, status, has_invitation, submitted_at, expires_at FROM pool_history
    WHERE since_change < $1 AND until_change >= $1
)

SELECT total, count(*) AS pool, count(*) FILTER (WHERE (groupings & $3) <> 0) AS grouping_size
FROM kept
WHERE (groupings & 1) <> 0 AND status = 'in_pool' AND NOT has_invitation AND submitted_at <= $2 AND expires_at > $2
GROUP BY total ORDER BY total;

-- name: kept_lines
-- The ordered grouping as it was ranked, a line a candidate: $1 change, $2 instant, $3 mask.
WITH kept AS (
    SELECT profile_id, total, groupings, status, has_invitation, submitted_at, expires_at FROM pool
    WHERE since_change < $1
    UNION ALL
    SELECT profile_id, total, groupings, status, has_invitation, submitted_at, expires_at FROM pool_history
    WHERE since_change < $1 AND until_change >= $1
)

SELECT total, to_char(submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), profile_id
FROM kept
WHERE (groupings & $3) <> 0 AND status = 'in_pool' AND NOT has_invitation AND submitted_at <= $2 AND expires_at > $2
ORDER BY total DESC, submitted_at, profile_id;

-- name: kept_rule_sets
-- The combinations of rule sets of those who were in the pool when the round of change $1 ranked.
SELECT DISTINCT r.names FROM (
    SELECT rule_sets_id FROM pool WHERE since_change < $1 AND status = 'in_pool'
    UNION
    SELECT rule_sets_id FROM pool_history WHERE since_change < $1 AND until_change >= $1 AND status = 'in_pool'
) AS kept INNER JOIN rule_sets AS r ON r.id = kept.rule_sets_id
ORDER BY r.names;

-- name: invitations_of_round
-- The invitations of a round, by rank.
SELECT invitation_id, profile_id, rank, body FROM invitation WHERE round_id = $1 ORDER BY rank;
