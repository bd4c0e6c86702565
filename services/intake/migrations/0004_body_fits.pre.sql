-- A body that its topic does not take fails the record that causes it, not every publish of the profile from then on.
ALTER TABLE profile ADD CONSTRAINT body_fits CHECK (octet_length(body) <= 1000000) NOT VALID;
