-- A body that its topic does not take fails the record that causes it, not every publish of the profile from then on.
ALTER TABLE result ADD CONSTRAINT scored_fits CHECK (octet_length(scored) <= 1000000) NOT VALID;
ALTER TABLE result ADD CONSTRAINT eligible_fits CHECK (octet_length(eligible) <= 1000000) NOT VALID;
