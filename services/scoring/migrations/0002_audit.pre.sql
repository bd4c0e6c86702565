-- Only operators stop and resume the re-evaluation; that they did is in the log of what operators did.
REVOKE INSERT, UPDATE, DELETE ON rescore_stopped FROM scoring_app;
GRANT SELECT, INSERT, DELETE ON rescore_stopped TO scoring_operator;
CREATE TRIGGER audit_stop AFTER INSERT ON rescore_stopped FOR EACH ROW EXECUTE FUNCTION audit_row('rescore_stop');
CREATE TRIGGER audit_resume AFTER DELETE ON rescore_stopped FOR EACH ROW EXECUTE FUNCTION audit_row('rescore_resume');
