-- What operators order about dead letters. Who it was is the login of the session, never something that a row says.
-- A replay is carried out by whoever orders it, a dismissal by the service.
CREATE TABLE dead_letter_order (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('replay', 'dismiss')),
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX dead_letter_order_origin ON dead_letter_order (topic, partition, record_offset);

-- What became of a dismissal: whether there was an open entry of `held` to settle.
CREATE TABLE dead_letter_outcome (
    order_id bigint PRIMARY KEY REFERENCES dead_letter_order (order_id),
    at timestamptz NOT NULL,
    settled boolean NOT NULL
);

-- Append-only, also for the service itself; an operator writes orders in no other name than their own.
DO $$
DECLARE
    app text := current_schema() || '_app';
    people text := current_schema() || '_operator';
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON dead_letter_order, dead_letter_outcome FROM %I', app);
    EXECUTE format('REVOKE INSERT ON dead_letter_order FROM %I', app);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), people);
    EXECUTE format('GRANT SELECT ON held, dead_letter_order, dead_letter_outcome TO %I', people);
    EXECUTE format(
        'GRANT INSERT (kind, topic, partition, record_offset, attempt, reason) ON dead_letter_order TO %I', people
    );
END $$;
