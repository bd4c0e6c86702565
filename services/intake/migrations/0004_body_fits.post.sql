-- It holds for what is there too.
ALTER TABLE profile VALIDATE CONSTRAINT body_fits;
