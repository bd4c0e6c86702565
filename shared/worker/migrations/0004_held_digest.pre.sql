-- The hash of what was held, so that nothing else can come back under its name. Entries of earlier releases have none.
ALTER TABLE held ADD COLUMN digest bytea CHECK (octet_length(digest) = 32);
