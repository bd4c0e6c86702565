-- name: current
-- What is published of these profiles: both topics under one sequence; no body for an erased one.
SELECT
    t.topic, s.profile_id AS key, s.sequence, t.type, coalesce(s.erased_at, r.changed_at) AS ce_time,
    CASE t.topic WHEN 'scored' THEN r.scored ELSE r.eligible END AS body
FROM score AS s
LEFT JOIN result AS r ON r.profile_id = s.profile_id AND r.sequence = s.sequence
CROSS JOIN (VALUES ('scored', 'profile.scored.v1'), ('eligible', 'profile.eligible.v1')) AS t (topic, type)
WHERE s.profile_id = ANY($1::text []);

-- name: keys
-- Every profile in order of number, a page of $2 after $1.
SELECT profile_id AS key FROM score WHERE profile_id > $1 ORDER BY profile_id LIMIT $2;

-- name: sequences
-- How far these profiles have come.
SELECT profile_id AS key, sequence FROM score WHERE profile_id = ANY($1::text []);

-- name: lock
-- Lock the rows of these profiles, with the facts that they stand on.
SELECT
    s.profile_id, s.profile_sequence, s.facts_sequence, s.sequence, s.evaluated_on, s.erased_at,
    f.correspondence_language, f.expires_at, f.facts
FROM score AS s
INNER JOIN facts AS f ON f.profile_id = s.profile_id AND f.profile_sequence = s.facts_sequence
WHERE s.profile_id = ANY($1::text [])
ORDER BY s.profile_id
FOR UPDATE OF s;

-- name: take_due
-- Take rows whose day has come ($1), oldest first, for re-evaluation on that day.
SELECT
    s.profile_id, s.profile_sequence, s.facts_sequence, s.sequence, s.status, s.submitted_at, s.due_at,
    f.correspondence_language, f.expires_at, f.facts
FROM score AS s
INNER JOIN facts AS f ON f.profile_id = s.profile_id AND f.profile_sequence = s.facts_sequence
WHERE s.due_at <= $1 AND s.profile_id <> ALL($2::text [])
ORDER BY s.due_at, s.profile_id
LIMIT $3
FOR UPDATE OF s SKIP LOCKED;

-- name: count_due
-- How many rows are due at an instant.
SELECT count(*) FROM score WHERE due_at <= $1;

-- name: pool_rules
-- Under which rule sets rows of the pool stand, and of which days they are; while re-evaluation is stopped only if asked ($1).
WITH RECURSIVE standing AS (
    (
        SELECT rules FROM score
        WHERE status = 'in_pool' AND erased_at IS NULL AND ($1::boolean OR NOT EXISTS (SELECT FROM rescore_stopped))
        ORDER BY rules LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT s.rules FROM score AS s
        WHERE s.status = 'in_pool' AND s.erased_at IS NULL AND s.rules > standing.rules
        ORDER BY s.rules LIMIT 1
    )
    FROM standing
    WHERE standing.rules IS NOT NULL
)

SELECT
    r.id, r.rule_sets,
    (
        SELECT s.submitted_at FROM score AS s
        WHERE s.status = 'in_pool' AND s.erased_at IS NULL AND s.rules = r.id
        ORDER BY s.submitted_at LIMIT 1
    ) AS first,
    (
        SELECT s.submitted_at FROM score AS s
        WHERE s.status = 'in_pool' AND s.erased_at IS NULL AND s.rules = r.id
        ORDER BY s.submitted_at DESC LIMIT 1
    ) AS last
FROM standing
INNER JOIN rules AS r ON r.id = standing.rules;

-- name: take_outdated
-- Take rows of the pool under these rule sets and submitted in these spans: not those that are due first ($5), nor
-- those that a process ahead of this one has evaluated on a later day ($4: today).
SELECT
    s.profile_id, s.profile_sequence, s.facts_sequence, s.sequence, s.status, s.submitted_at, s.due_at,
    f.correspondence_language, f.expires_at, f.facts
FROM unnest($1::integer [], $2::timestamptz [], $3::timestamptz []) AS span (rules, since, until)
INNER JOIN score AS s ON s.rules = span.rules AND s.submitted_at >= span.since AND s.submitted_at < span.until
INNER JOIN facts AS f ON f.profile_id = s.profile_id AND f.profile_sequence = s.facts_sequence
WHERE
    s.status = 'in_pool' AND s.erased_at IS NULL AND s.evaluated_on <= $4
    AND (s.due_at IS NULL OR s.due_at > $5) AND s.profile_id <> ALL($6::text [])
LIMIT $7
FOR UPDATE OF s SKIP LOCKED;

-- name: count_outdated
-- How many rows of the pool stand under these rule sets in these spans, but those evaluated on a later day ($4).
SELECT count(*)
FROM unnest($1::integer [], $2::timestamptz [], $3::timestamptz []) AS span (rules, since, until)
INNER JOIN score AS s ON s.rules = span.rules AND s.submitted_at >= span.since AND s.submitted_at < span.until
WHERE s.status = 'in_pool' AND s.erased_at IS NULL AND s.evaluated_on <= $4;

-- name: rules_ids
-- The numbers of these combinations of rule sets (each as ids with spaces between).
SELECT r.id, w.rule_sets
FROM unnest($1::text []) AS w (rule_sets)
INNER JOIN rules AS r ON r.rule_sets = string_to_array(w.rule_sets, ' ');

-- name: add_rules
-- Combinations that were never in force before.
INSERT INTO rules (rule_sets) SELECT string_to_array(w, ' ') FROM unnest($1::text []) AS w ON CONFLICT DO NOTHING;

-- name: write
-- Put results in force: rows that are where they were read, or not there yet; the others are left as they are.
WITH incoming AS (
    SELECT * FROM unnest(
        $1::text [], $2::bigint [], $3::bigint [], $4::bigint [], $5::text [], $6::timestamptz [],
        $7::timestamptz [], $8::integer [], $9::date [], $10::timestamptz [], $11::smallint [], $12::boolean [],
        $13::text [], $14::text []
    ) AS i (
        profile_id, sequence, profile_sequence, facts_sequence, status, submitted_at,
        due_at, rules, evaluated_on, changed_at, total, provisional, scored, eligible
    )
),

written AS (
    INSERT INTO score AS s (
        profile_id, sequence, profile_sequence, facts_sequence, status, submitted_at, evaluated_on, due_at, rules
    )
    SELECT profile_id, sequence, profile_sequence, facts_sequence, status, submitted_at, evaluated_on, due_at, rules
    FROM incoming ORDER BY profile_id
    ON CONFLICT (profile_id) DO UPDATE SET
        sequence = excluded.sequence, profile_sequence = excluded.profile_sequence,
        facts_sequence = excluded.facts_sequence, status = excluded.status, submitted_at = excluded.submitted_at,
        evaluated_on = excluded.evaluated_on, due_at = excluded.due_at, rules = excluded.rules
    WHERE
        s.sequence = excluded.sequence - 1 AND s.profile_sequence <= excluded.profile_sequence
        AND s.erased_at IS NULL
    RETURNING profile_id
)

INSERT INTO result (
    profile_id, sequence, profile_sequence, facts_sequence, status, evaluated_on, changed_at, rules, total,
    provisional, scored, eligible
)
SELECT
    i.profile_id, i.sequence, i.profile_sequence, i.facts_sequence, i.status, i.evaluated_on, i.changed_at, i.rules,
    i.total, i.provisional, i.scored, i.eligible
FROM incoming AS i INNER JOIN written AS w ON w.profile_id = i.profile_id
RETURNING profile_id;

-- name: keep_facts
-- What these profiles declare from a profile_sequence on.
INSERT INTO facts (profile_id, profile_sequence, correspondence_language, expires_at, facts)
SELECT * FROM unnest($1::text [], $2::bigint [], $3::text [], $4::timestamptz [], $5::text []);

-- name: enter_erased
-- A row for each erased profile of which nothing was known: a state of it that is replayed finds it erased.
WITH unknown AS (
    INSERT INTO score (
        profile_id, profile_sequence, facts_sequence, sequence, status, submitted_at, evaluated_on, rules, erased_at
    )
    SELECT n.profile_id, 0, 0, 1, 'erased', $2, ($2::timestamptz AT TIME ZONE 'UTC')::date, 0, $2
    FROM unnest($1::text []) AS n (profile_id)
    ON CONFLICT DO NOTHING
    RETURNING profile_id
)

INSERT INTO facts (profile_id, profile_sequence, correspondence_language, expires_at)
SELECT profile_id, 0, 'en', $2 FROM unknown;

-- name: erase
-- Forget what these profiles declared and what their results said; ranking keys, rule sets, totals, hashes stay.
WITH erased AS (
    UPDATE score SET erased_at = $2, sequence = sequence + 1, due_at = NULL
    WHERE profile_id = ANY($1::text []) AND erased_at IS NULL
    RETURNING profile_id
),

forgotten AS (
    UPDATE facts AS f SET facts = NULL, correspondence_language = 'en' FROM erased AS e WHERE f.profile_id = e.profile_id
)

UPDATE result AS r SET
    scored = NULL, scored_sha256 = sha256(convert_to(r.scored, 'UTF8')),
    eligible = NULL, eligible_sha256 = sha256(convert_to(r.eligible, 'UTF8'))
FROM erased AS e WHERE r.profile_id = e.profile_id;

-- name: stored
-- A stored result with the facts that it stands on; the current one where no sequence is given.
SELECT
    s.submitted_at, s.erased_at, r.profile_id, r.sequence, r.profile_sequence, r.facts_sequence, r.status,
    r.evaluated_on, r.changed_at, u.rule_sets, r.total, r.provisional, r.scored, r.eligible,
    f.correspondence_language, f.expires_at, f.facts
FROM score AS s
INNER JOIN result AS r ON r.profile_id = s.profile_id
INNER JOIN rules AS u ON u.id = r.rules
INNER JOIN facts AS f ON f.profile_id = r.profile_id AND f.profile_sequence = r.facts_sequence
WHERE s.profile_id = $1 AND ($2::bigint IS NULL OR r.sequence = $2)
ORDER BY r.sequence DESC
LIMIT 1;

-- name: pool
-- Profiles of the pool in order of number, from after $1 on.
SELECT
    s.profile_id, s.profile_sequence, s.facts_sequence, s.status, s.submitted_at, f.correspondence_language,
    f.expires_at, f.facts
FROM score AS s
INNER JOIN facts AS f ON f.profile_id = s.profile_id AND f.profile_sequence = s.facts_sequence
WHERE s.status = 'in_pool' AND s.erased_at IS NULL AND s.profile_id > $1
ORDER BY s.profile_id
LIMIT $2;

-- name: rescore_stopped
-- Since when, and why, the re-evaluation under new rule sets is stopped.
SELECT stopped_at, reason FROM rescore_stopped;

-- name: stop_rescore
-- Stop the re-evaluation under new rule sets in every process.
INSERT INTO rescore_stopped (reason) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: resume_rescore
-- Let it go on.
DELETE FROM rescore_stopped;
