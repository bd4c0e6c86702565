-- What operators did (search_path is the service's schema): append-only, each entry chained to the one before.
-- hash = SHA-256 of the hash before it and the entry, both as stored; before the first stands that of the schema's name.
CREATE TABLE audit (
    number bigint PRIMARY KEY CHECK (number > 0),
    entry text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
COMMENT ON COLUMN audit.entry IS 'JSON: number, at (UTC), by (the login), action, details';

-- The functions run as the owner and look nowhere but in this schema.
SELECT set_config('search_path', current_schema() || ', pg_temp', true);

CREATE FUNCTION audit_append(action text, details jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    last record;
    following bigint;
    entry text;
BEGIN
    LOCK TABLE audit IN EXCLUSIVE MODE; -- one at a time, until the end of the transaction
    SELECT a.number, a.hash INTO last FROM audit AS a ORDER BY a.number DESC LIMIT 1;
    following := coalesce(last.number, 0) + 1;
    entry := jsonb_build_object(
        'number', following,
        'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'by', session_user, 'action', action, 'details', details
    )::text;
    INSERT INTO audit (number, entry, hash) VALUES (
        following, entry,
        sha256(coalesce(last.hash, sha256(convert_to(current_schema(), 'UTF8'))) || convert_to(entry, 'UTF8'))
    );
    RETURN following;
END $$;

-- On a table of orders: the row is the entry, its kind (or the trigger's argument) the action; a long text by its hash.
CREATE FUNCTION audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    line jsonb := to_jsonb(coalesce(new, old));
BEGIN
    PERFORM audit_append(coalesce(tg_argv[0], line ->> 'kind'), (
        SELECT jsonb_object_agg(key, CASE
            WHEN length(value #>> '{}') <= 1000 THEN value
            ELSE to_jsonb('sha256:' || encode(sha256(convert_to(value #>> '{}', 'UTF8')), 'hex'))
        END)
        FROM jsonb_each(line) WHERE value <> 'null'
    ));
    RETURN NULL;
END $$;

-- Also against the owner: what is written stays.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = tg_table_name || ' is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION append_only();

DO $$
DECLARE
    service text := current_schema();
BEGIN
    EXECUTE format('REVOKE ALL ON audit FROM %I', service || '_app');
    EXECUTE format('REVOKE ALL ON FUNCTION audit_append, audit_row, append_only FROM %I, PUBLIC', service || '_app');
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, auditor', service, service || '_operator');
    EXECUTE format('GRANT SELECT ON audit TO %I, auditor', service || '_operator');
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit_append TO %I', service || '_operator');
END $$;
