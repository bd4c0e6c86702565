-- What a rehearsal breaks the pool down by: quantities that scoring derived. No ranking reads them and no round stands
-- on them; an erasure deletes the row.
CREATE TABLE trait (
    profile_id text COLLATE "C" PRIMARY KEY,
    age smallint,
    first_language text
);
GRANT SELECT ON trait TO draws_operator;
