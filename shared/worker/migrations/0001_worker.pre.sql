-- What the worker needs in the schema of every service (search_path is the service's schema).

-- Facts and state changes that have no input offset behind them, until the relay has published them.
-- A row of a state topic holds no payload: the current row of the key is published.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    type text,
    ce_id text,
    ce_time timestamptz,
    body text,
    CHECK ((body IS NULL) = (ce_id IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX outbox_key ON outbox (key);

-- The last sequence of the facts on a topic about a key: dense, so that a reader sees a gap.
CREATE TABLE fact_sequence (
    topic text NOT NULL,
    key text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (topic, key)
);

-- Records of our own topics that went to this service's dead letters: the rows behind topic `held`.
CREATE TABLE held (
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    profile_id text,
    source_sequence bigint,
    state text NOT NULL CHECK (state IN ('open', 'settled')),
    sequence bigint NOT NULL DEFAULT 1,
    code text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
);

CREATE INDEX held_open ON held (profile_id) WHERE state = 'open';

-- The live processes of the service and the business instant that each has seen (live: its backend is connected).
CREATE TABLE process (
    process_id text PRIMARY KEY,
    seen_instant timestamptz NOT NULL
);
