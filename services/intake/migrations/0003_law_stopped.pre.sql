-- The operators' switch of the re-evaluation under new rule sets: one row while it is stopped, none while it runs.
CREATE TABLE law_stopped (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    stopped_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL
);
REVOKE INSERT, UPDATE, DELETE ON law_stopped FROM intake_app;
GRANT SELECT, INSERT, DELETE ON law_stopped TO intake_operator;
CREATE TRIGGER audit_stop AFTER INSERT ON law_stopped FOR EACH ROW EXECUTE FUNCTION audit_row('law_stop');
CREATE TRIGGER audit_resume AFTER DELETE ON law_stopped FOR EACH ROW EXECUTE FUNCTION audit_row('law_resume');
