-- name: raise_fact_sequences
-- Take numbers for facts: the last one of each (topic, key).
INSERT INTO fact_sequence AS f (topic, key, last)
SELECT topic, key, wanted FROM unnest($1::text [], $2::text [], $3::bigint []) AS w (topic, key, wanted)
ON CONFLICT (topic, key) DO UPDATE SET last = f.last + excluded.last
RETURNING topic, key, last;

-- name: add_outbox_facts
-- Facts to be published, in this order.
INSERT INTO outbox (topic, key, type, ce_id, ce_time, body)
SELECT * FROM unnest($1::text [], $2::text [], $3::text [], $4::text [], $5::timestamptz [], $6::text []);

-- name: add_outbox_states
-- Keys whose current rows are to be published.
INSERT INTO outbox (topic, key) SELECT $1, unnest($2::text []);

-- name: outbox_of_keys
-- Outbox rows about these keys, oldest first.
SELECT id, topic, key, type, ce_id, ce_time, body FROM outbox WHERE key = ANY($1::text []) ORDER BY id;

-- name: outbox_head
-- The oldest outbox rows.
SELECT id, topic, key, type, ce_id, ce_time, body FROM outbox ORDER BY id LIMIT $1;

-- name: delete_outbox
-- What was published.
DELETE FROM outbox WHERE id = ANY($1::bigint []);

-- name: outbox_extent
-- How many rows wait, the first and the last.
SELECT count(*) AS rows, min(id) AS first, max(id) AS last FROM outbox;

-- name: outbox_size
-- How many rows wait.
SELECT count(*) FROM outbox;

-- name: open_held
-- Records of ours that go to dead letters; a record that is held already stays as it is.
INSERT INTO held (topic, partition, record_offset, profile_id, source_sequence, digest, state, code, changed_at)
SELECT topic, partition, record_offset, profile_id, source_sequence, digest, 'open', code, $8
FROM unnest($1::text [], $2::integer [], $3::bigint [], $4::text [], $5::bigint [], $6::bytea [], $7::text [])
    AS h (topic, partition, record_offset, profile_id, source_sequence, digest, code)
ON CONFLICT DO NOTHING
RETURNING topic, partition, record_offset;

-- name: settle_held_by_sequence
-- A newer record of the same key was handled ($3: its sequence; $4: only the very same one settles).
UPDATE held AS h SET state = 'settled', sequence = h.sequence + 1, changed_at = $5
FROM unnest($1::text [], $2::text [], $3::bigint [], $4::boolean []) AS n (topic, profile_id, handled, exact)
WHERE
    h.state = 'open' AND h.topic = n.topic AND h.profile_id = n.profile_id
    AND (h.source_sequence = n.handled OR (h.source_sequence < n.handled AND NOT n.exact))
RETURNING h.topic, h.partition, h.record_offset;

-- name: settle_held_by_origin
-- These records were replayed, or an operator gave them up.
UPDATE held AS h SET state = 'settled', sequence = h.sequence + 1, changed_at = $4
FROM unnest($1::text [], $2::integer [], $3::bigint []) AS n (topic, partition, record_offset)
WHERE
    h.state = 'open' AND h.topic = n.topic AND h.partition = n.partition AND h.record_offset = n.record_offset
RETURNING h.topic, h.partition, h.record_offset;

-- name: current_held
-- The rows behind topic `held`, by origin.
SELECT h.topic, h.partition, h.record_offset, h.profile_id, h.source_sequence, h.state, h.sequence, h.changed_at
FROM held AS h
INNER JOIN unnest($1::text [], $2::integer [], $3::bigint []) AS n (topic, partition, record_offset)
    USING (topic, partition, record_offset);

-- name: ordered_replays
-- Of what came back ($1..$5: its origin, the attempt that failed, its hash): what is held and was ordered to.
SELECT h.topic, h.partition, h.record_offset
FROM unnest($1::text [], $2::integer [], $3::bigint [], $4::integer [], $5::bytea [])
    AS n (topic, partition, record_offset, attempt, digest)
INNER JOIN held AS h USING (topic, partition, record_offset)
WHERE
    coalesce(h.digest = n.digest, true)
    AND EXISTS (
        SELECT 1 FROM dead_letter_order AS o
        WHERE
            o.kind = 'replay' AND o.topic = n.topic AND o.partition = n.partition
            AND o.record_offset = n.record_offset AND o.attempt = n.attempt
    );

-- name: held_keys
-- Where every entry of `held` came from.
SELECT topic, partition, record_offset FROM held ORDER BY topic, partition, record_offset;

-- name: held_origins
-- Where the entries of one topic came from.
SELECT topic, partition, record_offset FROM held WHERE topic = $1;

-- name: numbers_published
-- The last number of facts on a topic ($1) by key, after $2, where nothing of it waits to be published.
SELECT f.key, f.last FROM fact_sequence AS f
WHERE
    f.topic = $1 AND f.key > $2
    AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.key = f.key AND o.topic = f.topic AND o.ce_id IS NOT NULL)
ORDER BY f.key LIMIT $3;

-- name: report_process
-- This process has seen the instant.
INSERT INTO process (process_id, seen_instant) VALUES ($1, $2)
ON CONFLICT (process_id) DO UPDATE SET seen_instant = excluded.seen_instant;

-- name: live_processes
-- The processes whose backend is connected, and the instant that each has seen; the rest is forgotten.
SELECT p.process_id, p.seen_instant FROM process AS p
WHERE EXISTS (SELECT 1 FROM pg_stat_activity AS a WHERE a.application_name = p.process_id);

-- name: order_of_dead_letters
-- What an operator orders ($1) about these dead letters ($2..$5), and why.
INSERT INTO dead_letter_order (kind, topic, partition, record_offset, attempt, reason)
SELECT $1, topic, partition, record_offset, attempt, $6
FROM unnest($2::text [], $3::integer [], $4::bigint [], $5::integer []) AS o (topic, partition, record_offset, attempt)
RETURNING order_id;

-- name: replayed_dead_letters
-- Which of these dead letters somebody has ordered to be replayed, each attempt by itself.
SELECT topic, partition, record_offset, attempt FROM dead_letter_order
INNER JOIN unnest($1::text [], $2::integer [], $3::bigint [], $4::integer [])
    AS o (topic, partition, record_offset, attempt) USING (topic, partition, record_offset, attempt)
WHERE kind = 'replay';

-- name: lock_dismissals
-- One process at a time carries them out.
SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '.dismissals'));

-- name: open_dismissals
-- Dismissals that were not yet carried out, oldest first; those in $1 are left alone.
SELECT order_id, topic, partition, record_offset FROM dead_letter_order AS o
WHERE
    kind = 'dismiss' AND NOT order_id::text = ANY($1::text [])
    AND NOT EXISTS (SELECT FROM dead_letter_outcome AS d WHERE d.order_id = o.order_id)
ORDER BY order_id LIMIT $2;

-- name: count_dismissals
-- How many wait.
SELECT count(*) FROM dead_letter_order AS o
WHERE kind = 'dismiss' AND NOT EXISTS (SELECT FROM dead_letter_outcome AS d WHERE d.order_id = o.order_id);

-- name: add_dismissal_outcome
-- What became of a dismissal.
INSERT INTO dead_letter_outcome (order_id, at, settled) VALUES ($1, $2, $3);

-- name: dismissal_outcomes
-- What became of these orders.
SELECT order_id, settled FROM dead_letter_outcome WHERE order_id = ANY($1::bigint []);

-- name: sources
-- Which topics these were when they were first read.
SELECT topic, partition, topic_id, settled_by FROM source WHERE topic = ANY($1::text []);

-- name: source_orders
-- The newest order of an operator about each of these topics.
SELECT DISTINCT ON (topic) order_id, topic, topic_id, starts FROM source_order
WHERE topic = ANY($1::text []) ORDER BY topic, order_id DESC;

-- name: add_sources
-- Topics that are read for the first time.
INSERT INTO source (topic, partition, topic_id)
SELECT * FROM unnest($1::text [], $2::integer [], $3::text []) ON CONFLICT DO NOTHING;

-- name: settle_source
-- Reading of a partition has begun anew, by order $4.
INSERT INTO source AS s (topic, partition, topic_id, settled_by) VALUES ($1, $2, $3, $4)
ON CONFLICT (topic, partition) DO UPDATE SET topic_id = excluded.topic_id, settled_by = excluded.settled_by
WHERE s.settled_by < excluded.settled_by;

-- name: add_source_order
-- What an operator accepts of a topic, and why.
INSERT INTO source_order (topic, topic_id, starts, reason) VALUES ($1, $2, $3, $4) RETURNING order_id;

-- name: end_frozen_holder
-- End the session that holds this advisory lock and has done nothing for so long; true if there was one.
SELECT pg_terminate_backend(l.pid)
FROM pg_locks AS l INNER JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE
    l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND l.classid::bigint = (hashtext($1)::bigint >> 32) & 4294967295
    AND l.objid::bigint = hashtext($1)::bigint & 4294967295
    AND a.state_change < clock_timestamp() - $2::interval;
