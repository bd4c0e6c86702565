-- It holds for what is there too.
ALTER TABLE result VALIDATE CONSTRAINT scored_fits;
ALTER TABLE result VALIDATE CONSTRAINT eligible_fits;
