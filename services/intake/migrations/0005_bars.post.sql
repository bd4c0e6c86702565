-- Every process reads and writes the table `bar` now.
DROP TRIGGER bar_from_person ON person;
DROP TRIGGER bar_to_person ON bar;
-- squawk-ignore ban-drop-function
DROP FUNCTION bar_from_person();
-- squawk-ignore ban-drop-function
DROP FUNCTION bar_to_person();
-- squawk-ignore ban-drop-column
ALTER TABLE person DROP COLUMN barred_by, DROP COLUMN barred_since, DROP COLUMN barred_until, DROP COLUMN bar_section;
