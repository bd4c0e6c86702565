-- The newest change number that a round ranks below, told before the round is committed: ingest goes on while a round
-- writes its invitations, and has to keep what the round stands on. A sequence, because others see it at once and
-- nothing takes it back; a round that failed after it leaves some rows in `pool_history` that nobody needs.
CREATE SEQUENCE last_ranked MINVALUE 0;
GRANT SELECT, UPDATE ON SEQUENCE last_ranked TO draws_app;

-- What a round stood on is never overwritten, whatever statement of whichever release changes the pool. A round that a
-- process of the release before holds says its number in its row alone.
CREATE FUNCTION keep_superseded() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO pool_history
    SELECT b.*, a.since_change FROM before AS b INNER JOIN after AS a ON a.profile_id = b.profile_id
    WHERE
        b.since_change < a.since_change
        AND b.since_change < greatest((SELECT last_value FROM last_ranked), (SELECT max(change_number) FROM round))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_superseded AFTER UPDATE ON pool
REFERENCING OLD TABLE AS before NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION keep_superseded();

-- The rows of the pool are never deleted, and a round takes from them whom it invites. The check would lock each of
-- those rows, against ingest, long before the round marks them.
-- squawk-ignore ban-drop-constraint
ALTER TABLE invitation DROP CONSTRAINT invitation_profile_id_fkey;
