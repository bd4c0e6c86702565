-- The combinations of rule sets that were ever in force for a row: few, so that rows name them by a number. Nothing
-- is ever deleted here; a foreign key would lock the one row that every profile names, at every write.
CREATE TABLE rules (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_sets text [] NOT NULL UNIQUE
);

-- What a profile declared, from `profile_sequence` until a later row of the same profile. Never overwritten:
-- a stored result can be recomputed from it. `facts` is null once the profile is erased.
CREATE TABLE facts (
    profile_id text NOT NULL,
    profile_sequence bigint NOT NULL,
    correspondence_language text NOT NULL,
    expires_at timestamptz NOT NULL,
    facts text,
    PRIMARY KEY (profile_id, profile_sequence)
);

-- Every result that was ever in force, with what was published, byte for byte. Never overwritten: a round or a
-- decision may stand on it. An erasure replaces the bodies by their hashes; day, rule sets and total stay.
CREATE TABLE result (
    profile_id text NOT NULL,
    sequence bigint NOT NULL,
    profile_sequence bigint NOT NULL,
    facts_sequence bigint NOT NULL,
    status text NOT NULL,
    evaluated_on date NOT NULL,
    changed_at timestamptz NOT NULL,
    rules integer NOT NULL,
    total smallint NOT NULL,
    provisional boolean NOT NULL,
    scored text,
    eligible text,
    scored_sha256 bytea,
    eligible_sha256 bytea,
    PRIMARY KEY (profile_id, sequence)
) WITH (toast_tuple_target = 4080);

-- The current row of a profile: the guard of its source (`profile_sequence`), the published `sequence`, and when
-- it has to be looked at again without an input (`due_at`, null: never). Its result is that of its sequence.
CREATE TABLE score (
    profile_id text PRIMARY KEY,
    profile_sequence bigint NOT NULL,
    facts_sequence bigint NOT NULL,
    sequence bigint NOT NULL,
    status text NOT NULL,
    submitted_at timestamptz NOT NULL,
    evaluated_on date NOT NULL,
    due_at timestamptz,
    rules integer NOT NULL,
    erased_at timestamptz
) WITH (fillfactor = 80);

CREATE INDEX score_due ON score (due_at, profile_id) WHERE due_at IS NOT NULL;

-- Which rows of the pool stand under which rule sets: a new set finds the rows that it changes without a scan.
CREATE INDEX score_rules ON score (rules, submitted_at) WHERE status = 'in_pool' AND erased_at IS NULL;

-- The operators' switch of the re-evaluation under new rule sets: one row while it is stopped, none while it runs.
CREATE TABLE rescore_stopped (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    stopped_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL
);
