-- What intake owns. Facts are in `version` and in the published body; identity is in `identity` and nowhere else.

-- A profile as it stands: the row behind topic `profile`. `sequence` 0 = nothing published (a withdrawal of a number
-- that was never seen). `revision` rises at every write, `sequence` when what is published changes.
CREATE TABLE profile (
    profile_id text PRIMARY KEY,
    revision bigint NOT NULL,
    sequence bigint NOT NULL,
    version bigint,
    newest bigint NOT NULL,
    status text CHECK (status IN ('in_pool', 'ineligible', 'expired', 'withdrawn', 'lapsed', 'applied')),
    closed_at timestamptz,
    withdrawn_at timestamptz,
    submitted_at timestamptz,
    submitted_on date,
    expires_at timestamptz,
    language text NOT NULL,
    law text,
    way_back text CHECK (way_back IN ('expired', 'ineligible')),
    invited boolean NOT NULL,
    reminded_until timestamptz,
    due_at timestamptz,
    passport_hash bytea,
    client_hash bytea,
    body text,
    changed_at timestamptz NOT NULL,
    erased_at timestamptz,
    CHECK ((status = 'in_pool') = (closed_at IS NULL)),
    CHECK (due_at IS NULL OR status = 'in_pool')
) WITH (fillfactor = 85);

CREATE INDEX profile_due ON profile (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX profile_law ON profile (law, submitted_on) WHERE status = 'in_pool';

-- Every version that was taken over, for good: rounds and decisions stood on them.
CREATE TABLE version (
    profile_id text NOT NULL,
    version bigint NOT NULL,
    language text NOT NULL,
    facts text,
    programs_met boolean NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (profile_id, version)
);

-- Who the candidate is, encrypted; `key_id` tells which key, so that a rotation can be resumed.
CREATE TABLE identity (
    profile_id text PRIMARY KEY,
    version bigint NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL
);

CREATE INDEX identity_key ON identity (key_id, profile_id);

-- One row for each client number and passport (keyed hash): the lock under which "one live profile per person" is
-- decided, who holds it, and the bar for misrepresentation. It outlives the facts and the identity.
CREATE TABLE person (
    person bytea PRIMARY KEY,
    profile_id text,
    barred_by text,
    barred_since date,
    barred_until date,
    bar_section text
);

-- The one outcome of each version (and, apart, of each withdrawal's version). The fact is kept to be repeated.
CREATE TABLE outcome (
    profile_id text NOT NULL,
    withdrawal boolean NOT NULL,
    version bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'superseded', 'rejected')),
    content bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    ce_id text,
    body text,
    PRIMARY KEY (profile_id, withdrawal, version),
    CHECK ((outcome = 'rejected') = (ce_id IS NOT NULL))
);

-- Rejections that no version can hold: too large to be read, the version out of range, or taken by other content.
CREATE TABLE event_outcome (
    ce_source text NOT NULL,
    ce_id text NOT NULL,
    profile_id text NOT NULL,
    content bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    fact_id text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (ce_source, ce_id, profile_id, content)
);

-- What is known of invitations, from `invited` (sequence 0) and then from `decided` (its sequence).
CREATE TABLE invitation (
    profile_id text NOT NULL,
    invitation_id text NOT NULL,
    sequence bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'declined', 'lapsed', 'cancelled', 'applied')),
    deadline timestamptz NOT NULL,
    at timestamptz NOT NULL,
    applied_at timestamptz,
    barred_since date,
    barred_until date,
    bar_section text,
    PRIMARY KEY (profile_id, invitation_id)
);
