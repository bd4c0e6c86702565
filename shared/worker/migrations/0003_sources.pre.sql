-- Which topic each partition was when this service first read it: its id is another one once it is deleted and made
-- again. `settled_by`: the last order of an operator by which reading began anew.
CREATE TABLE source (
    topic text NOT NULL,
    partition integer NOT NULL,
    topic_id text NOT NULL,
    settled_by bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
);

-- What an operator accepts: to go on with this topic, each partition at the first record that it still has.
CREATE TABLE source_order (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL DEFAULT 'accept' CHECK (kind = 'accept'),
    topic text NOT NULL,
    topic_id text NOT NULL,
    starts bigint [] NOT NULL CHECK (cardinality(starts) BETWEEN 1 AND 10000),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN source_order.starts IS 'by partition: the first offset that is kept, as the operator saw it';

DO $$
DECLARE
    app text := current_schema() || '_app';
    people text := current_schema() || '_operator';
BEGIN
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON source_order FROM %I', app);
    EXECUTE format('GRANT SELECT ON source, source_order TO %I', people);
    EXECUTE format('GRANT INSERT (topic, topic_id, starts, reason) ON source_order TO %I', people);
END $$;
