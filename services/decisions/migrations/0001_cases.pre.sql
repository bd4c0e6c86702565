-- Cases: what was received, what was acted on, what was said (search_path is the schema `decisions`).

-- One row a profile: what is locked when its case changes, and when the clock has to act on it next.
CREATE TABLE case_file (
    profile_id text COLLATE "C" PRIMARY KEY,
    language text NOT NULL DEFAULT 'en',
    profile_sequence bigint NOT NULL DEFAULT 0,
    closed_at timestamptz,
    next_due timestamptz,
    waiting integer NOT NULL DEFAULT 0,
    erased boolean NOT NULL DEFAULT false
);
CREATE INDEX case_file_due ON case_file (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX case_file_waiting ON case_file (profile_id) WHERE waiting > 0;
CREATE INDEX case_file_closed ON case_file (closed_at) WHERE closed_at IS NOT NULL;

-- Every input as it was received; a case is a function of this set. `refused`: why reading already refused it.
CREATE TABLE received_input (
    source text NOT NULL,
    source_id text NOT NULL,
    profile_id text COLLATE "C" NOT NULL REFERENCES case_file (profile_id),
    kind text NOT NULL,
    at timestamptz NOT NULL,
    content bytea NOT NULL,
    body text,
    refused jsonb,
    automatic boolean NOT NULL DEFAULT false,
    profile_sequence bigint,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (source, source_id)
);
CREATE INDEX received_input_profile ON received_input (profile_id);
COMMENT ON COLUMN received_input.at IS 'the instant of receipt: the order of the law';
COMMENT ON COLUMN received_input.profile_sequence IS 'of an invitation: the sequence whose facts it was issued on';

-- The facts of a profile under each sequence that was read; one that an invitation names is kept with its case.
CREATE TABLE profile_facts (
    profile_id text COLLATE "C" NOT NULL REFERENCES case_file (profile_id),
    sequence bigint NOT NULL,
    submitted_at timestamptz NOT NULL,
    facts text,
    PRIMARY KEY (profile_id, sequence)
);

-- The deadlines that the clock acted on.
CREATE TABLE acted_deadline (
    profile_id text COLLATE "C" NOT NULL REFERENCES case_file (profile_id),
    kind text NOT NULL,
    subject text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (profile_id, kind, subject, at)
);

-- Every fact that was said, and the one that withdrew it. `identity` keeps anything from being said twice.
CREATE TABLE said (
    said_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    profile_id text COLLATE "C" NOT NULL REFERENCES case_file (profile_id),
    identity text,
    topic text NOT NULL,
    ce_id text NOT NULL,
    code text NOT NULL,
    invitation_id text,
    at timestamptz NOT NULL,
    body text,
    withdrawn_by text
);
CREATE UNIQUE INDEX said_once ON said (profile_id, identity) WHERE withdrawn_by IS NULL AND identity IS NOT NULL;
CREATE INDEX said_profile ON said (profile_id, said_id);
COMMENT ON COLUMN said.identity IS 'null: a correction, which is never withdrawn itself';

-- How each invitation stands: for commands on sets of them, and for operators.
CREATE TABLE invitation (
    invitation_id text PRIMARY KEY,
    profile_id text COLLATE "C" NOT NULL REFERENCES case_file (profile_id),
    round_id text NOT NULL,
    state text NOT NULL,
    deadline timestamptz NOT NULL,
    application_state text
);
CREATE INDEX invitation_profile ON invitation (profile_id);
CREATE INDEX invitation_round ON invitation (round_id, state);

-- What operators order. Who it was is the login of the session, never something that the command says.
CREATE TABLE command (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('extend', 'cancel', 'confirm')),
    invitations text [] NOT NULL DEFAULT '{}' CHECK (cardinality(invitations) <= 10000),
    round_id text CHECK (length(round_id) <= 7),
    until date,
    reason text CHECK (length(reason) BETWEEN 1 AND 1000),
    confirms bigint REFERENCES command (command_id),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'extend') = (until IS NOT NULL)),
    CHECK ((kind = 'confirm') = (confirms IS NOT NULL)),
    CHECK ((kind = 'confirm') = (reason IS NULL))
);

-- What became of a command: how many invitations it changed, or why it was refused.
CREATE TABLE command_outcome (
    command_id bigint PRIMARY KEY REFERENCES command (command_id),
    at timestamptz NOT NULL,
    changed integer NOT NULL,
    refused text
);

-- Append-only, also for the service itself.
REVOKE UPDATE, DELETE ON acted_deadline, command, command_outcome FROM decisions_app;

-- An operator reads everything but the declared facts and writes commands, in no other name than their own.
GRANT USAGE ON SCHEMA decisions TO decisions_operator;
GRANT SELECT ON case_file, acted_deadline, said, invitation, command, command_outcome TO decisions_operator;
GRANT SELECT (source, source_id, profile_id, kind, at, refused, read_at) ON received_input TO decisions_operator;
GRANT INSERT (kind, invitations, round_id, until, reason, confirms) ON command TO decisions_operator;
