-- What an operator saw of a round before approving it: how many were eligible, and the cut-off. The approval is of
-- this too: where the instruction sets a limit, the round refuses when they have moved by more.
ALTER TABLE command ADD COLUMN preview jsonb CHECK (length(preview::text) <= 1000);
ALTER TABLE round ADD COLUMN preview jsonb;
GRANT INSERT (preview) ON command TO draws_operator;
