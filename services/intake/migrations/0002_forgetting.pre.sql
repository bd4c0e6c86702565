-- Forgetting a person: one operator orders it, another confirms it, intake carries it out.
-- Who it was is the login of the session, never something that the command says.
CREATE TABLE command (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('forget', 'confirm')),
    profile_id text CHECK (length(profile_id) <= 64),
    consent text CHECK (length(consent) BETWEEN 1 AND 200),
    confirms bigint REFERENCES command (command_id),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'forget') = (profile_id IS NOT NULL)),
    CHECK ((kind = 'confirm') = (confirms IS NOT NULL)),
    CHECK (kind = 'forget' OR consent IS NULL)
);
COMMENT ON COLUMN command.profile_id IS 'any profile of the person: their profiles are found by their keyed hashes';
COMMENT ON COLUMN command.consent IS 'where the consent to an earlier erasure is recorded';

-- What became of a command: why it was refused and from when it may be done, or how many profiles were forgotten.
CREATE TABLE command_outcome (
    command_id bigint PRIMARY KEY REFERENCES command (command_id),
    at timestamptz NOT NULL,
    refused text,
    may_from date,
    forgotten integer NOT NULL DEFAULT 0
);

CREATE TRIGGER audit AFTER INSERT ON command FOR EACH ROW EXECUTE FUNCTION audit_row();
REVOKE INSERT, UPDATE, DELETE ON command FROM intake_app;
REVOKE UPDATE, DELETE ON command_outcome FROM intake_app;
GRANT SELECT ON command, command_outcome TO intake_operator;
GRANT INSERT (kind, profile_id, consent, confirms) ON command TO intake_operator;

-- In which state the application on an invitation is: while it is in process nothing is forgotten.
ALTER TABLE invitation ADD COLUMN application_state text;

-- The profiles and hashes of one person, and the hashes that nothing holds any more.
CREATE INDEX profile_passport ON profile (passport_hash) WHERE passport_hash IS NOT NULL;
CREATE INDEX profile_client ON profile (client_hash) WHERE client_hash IS NOT NULL;
CREATE INDEX profile_erased ON profile (profile_id) WHERE erased_at IS NOT NULL;
CREATE INDEX person_profile ON person (profile_id) WHERE profile_id IS NOT NULL;
CREATE INDEX person_unheld ON person (barred_until) WHERE profile_id IS NULL;
