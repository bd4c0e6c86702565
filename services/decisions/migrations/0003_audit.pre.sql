-- Every command of an operator is in the log of what operators did; only operators give commands.
CREATE TRIGGER audit AFTER INSERT ON command FOR EACH ROW EXECUTE FUNCTION audit_row();
REVOKE INSERT ON command FROM decisions_app;
