-- The pool as draws sees it, the rounds, and what each round stood on (search_path is the schema `draws`).

-- One number for each transaction that changes the pool, taken under the pool's lock: an ingest batch (lock shared)
-- or a round (lock exclusive). So every change below a round's number was there when it ranked, none above it was.
CREATE TABLE change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL
);

-- A combination of rule sets, once: names in order, separated by commas.
CREATE TABLE rule_sets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    names text NOT NULL UNIQUE
);

-- Which bit of `pool.groupings` says that a profile belongs to a grouping (A10.3(1)(h.1)); bits 0 to 31 have an index.
CREATE TABLE grouping_bit (
    key text PRIMARY KEY,
    bit smallint NOT NULL UNIQUE CHECK (bit BETWEEN 0 AND 62)
);
INSERT INTO grouping_bit (key, bit) VALUES ('general', 0), ('CEC', 1), ('FSW', 2), ('FST', 3), ('PNP', 4);

-- A profile: what `scored` said, what `eligible` said, and whether an invitation of ours stands in the way.
CREATE TABLE pool (
    profile_id text COLLATE "C" PRIMARY KEY,
    scored_sequence bigint,
    profile_sequence bigint,
    status text,
    submitted_at timestamptz,
    expires_at timestamptz,
    evaluated_on date,
    next_change_on date,
    rule_sets_id integer REFERENCES rule_sets (id),
    provisional boolean,
    total smallint,
    factors jsonb,
    correspondence_language text,
    eligible_sequence bigint,
    groupings bigint NOT NULL DEFAULT 0,
    has_invitation boolean NOT NULL DEFAULT false,
    since_change bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
COMMENT ON COLUMN pool.has_invitation IS 'an invitation on this profile is open, has lapsed or was used to apply';

-- The ranking of each grouping (score, then instant of submission, then profile number), among those who can be invited.
DO $$ BEGIN
    FOR bit IN 0..31 LOOP
        EXECUTE format(
            'CREATE INDEX pool_grouping_%s ON pool (total DESC, submitted_at, profile_id) '
            'WHERE (groupings & %s) <> 0 AND status = ''in_pool'' AND NOT has_invitation',
            bit, 1::bigint << bit
        );
    END LOOP;
END $$;

-- What keeps a round from ranking is found by these, without a scan.
CREATE INDEX pool_next_change ON pool (next_change_on) WHERE status = 'in_pool';
CREATE INDEX pool_evaluated ON pool (evaluated_on) WHERE status = 'in_pool';
CREATE INDEX pool_rule_sets ON pool (rule_sets_id, submitted_at) WHERE status = 'in_pool';
CREATE INDEX pool_provisional ON pool (profile_id) WHERE status = 'in_pool' AND provisional;
CREATE INDEX pool_unequal ON pool (profile_id)
WHERE status = 'in_pool' AND scored_sequence IS DISTINCT FROM eligible_sequence;

-- Superseded rows on which a round stood: they held for changes from `since_change` to before `until_change`.
CREATE TABLE pool_history (
    LIKE pool,
    until_change bigint NOT NULL,
    PRIMARY KEY (profile_id, since_change)
);

-- How far each partition was handled, dead letters included; written in the transaction that handles.
CREATE TABLE handled_offset (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Records of ours that wait in dead letters of any service (topic `held`).
CREATE TABLE held_record (
    key text PRIMARY KEY,
    sequence bigint NOT NULL,
    profile_id text,
    service text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'settled'))
);
CREATE INDEX held_record_open ON held_record (key) WHERE state = 'open';

-- A round as it stands. `instruction` is the message as it was read; `content_hash` is what an approval approves.
CREATE TABLE round (
    round_id text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('draft', 'refused', 'approved', 'cancelled', 'held')),
    instruction text NOT NULL,
    content_hash text NOT NULL,
    instant timestamptz NOT NULL,
    drafted_by text NOT NULL,
    approved_by text,
    waits_for jsonb NOT NULL DEFAULT '[]',
    change_number bigint UNIQUE,
    result jsonb,
    certificate text,
    CHECK ((state = 'held') = (change_number IS NOT NULL))
);
CREATE INDEX round_open ON round (instant) WHERE state = 'approved' OR (state = 'held' AND certificate IS NULL);

-- Every draft as it came. The same draft delivered again is found here.
CREATE TABLE round_draft (
    source text NOT NULL,
    source_id text NOT NULL,
    round_id text NOT NULL,
    content_hash text NOT NULL,
    instruction text NOT NULL,
    drafted_at timestamptz NOT NULL,
    PRIMARY KEY (source, source_id)
);

-- Every step of a round: who, when, of what content. Append-only.
CREATE TABLE round_step (
    step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id text NOT NULL,
    step text NOT NULL CHECK (step IN ('drafted', 'refused', 'approved', 'voided', 'cancelled', 'held', 'certified')),
    by text NOT NULL,
    at timestamptz NOT NULL,
    content_hash text NOT NULL,
    reasons jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX round_step_round ON round_step (round_id, step_id);

-- One invitation; its state is what decisions said last. `body` is the message `invited`, byte for byte.
CREATE TABLE invitation (
    invitation_id text PRIMARY KEY,
    profile_id text COLLATE "C" NOT NULL REFERENCES pool (profile_id),
    round_id text NOT NULL REFERENCES round (round_id),
    rank integer NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'declined', 'lapsed', 'cancelled', 'applied')),
    decided_sequence bigint NOT NULL DEFAULT 0,
    body text NOT NULL,
    UNIQUE (round_id, rank)
);
CREATE INDEX invitation_profile ON invitation (profile_id);

-- What operators order. Who it was is the login of the session, never something that the command says.
CREATE TABLE command (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('draft', 'approve', 'cancel')),
    round_id text NOT NULL CHECK (length(round_id) <= 7),
    instruction text CHECK (length(instruction) <= 65536),
    content_hash text CHECK (length(content_hash) = 64),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'draft') = (instruction IS NOT NULL)),
    CHECK ((kind = 'approve') = (content_hash IS NOT NULL))
);

-- What became of a command: no reasons = it was carried out.
CREATE TABLE command_outcome (
    command_id bigint PRIMARY KEY REFERENCES command (command_id),
    at timestamptz NOT NULL,
    reasons jsonb NOT NULL
);

-- Append-only, also for the service itself.
REVOKE UPDATE, DELETE ON round_draft, round_step, command, command_outcome, pool_history, change FROM draws_app;
-- An erasure takes the language also from superseded rows.
GRANT UPDATE (correspondence_language) ON pool_history TO draws_app;

-- An operator reads everything here (there is no identity in it) and writes commands, in no other name than their own.
GRANT USAGE ON SCHEMA draws TO draws_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA draws TO draws_operator;
GRANT INSERT (kind, round_id, instruction, content_hash) ON command TO draws_operator;
