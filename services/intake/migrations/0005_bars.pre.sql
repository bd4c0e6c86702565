-- The bars of a person, one for each profile that set one: when one is lifted, the others hold. The reference locks
-- `person` against writers until the end, so nothing is written between the copy and the triggers.
CREATE TABLE bar (
    person bytea NOT NULL REFERENCES person ON DELETE CASCADE,
    profile_id text NOT NULL,
    since date NOT NULL,
    until date,
    section text NOT NULL,
    PRIMARY KEY (person, profile_id)
);
COMMENT ON COLUMN bar.until IS 'the last day; NULL = without an end';

INSERT INTO bar (person, profile_id, since, until, section)
SELECT person, barred_by, barred_since, barred_until, bar_section FROM person WHERE barred_since IS NOT NULL;

CREATE INDEX person_free ON person (person) WHERE profile_id IS NULL;

-- Until the post step, processes of the release before read and write one bar in the row of the person: what they write
-- becomes a row here, and they see the longest of what is here.
CREATE FUNCTION bar_from_person() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF new.barred_by IS NULL THEN
        DELETE FROM bar WHERE person = new.person AND profile_id = old.barred_by;
    ELSE
        INSERT INTO bar (person, profile_id, since, until, section)
        VALUES (new.person, new.barred_by, new.barred_since, new.barred_until, new.bar_section)
        ON CONFLICT (person, profile_id) DO UPDATE
        SET since = excluded.since, until = excluded.until, section = excluded.section;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bar_from_person AFTER UPDATE ON person FOR EACH ROW
WHEN (
    pg_trigger_depth() = 0
    AND (old.barred_by, old.barred_since, old.barred_until, old.bar_section)
    IS DISTINCT FROM (new.barred_by, new.barred_since, new.barred_until, new.bar_section)
)
EXECUTE FUNCTION bar_from_person();

CREATE FUNCTION bar_to_person() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE person AS p SET
        barred_by = b.profile_id, barred_since = b.since, barred_until = b.until, bar_section = b.section
    FROM (SELECT coalesce(new.person, old.person) AS person) AS changed
    LEFT JOIN LATERAL (
        SELECT * FROM bar WHERE bar.person = changed.person ORDER BY until DESC NULLS FIRST, profile_id LIMIT 1
    ) AS b ON TRUE
    WHERE p.person = changed.person;
    RETURN NULL;
END $$;
CREATE TRIGGER bar_to_person AFTER INSERT OR UPDATE OR DELETE ON bar FOR EACH ROW EXECUTE FUNCTION bar_to_person();
