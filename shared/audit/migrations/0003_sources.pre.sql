-- Every order to go on with a topic that is not what it was is in the log of what operators did.
CREATE TRIGGER audit AFTER INSERT ON source_order FOR EACH ROW EXECUTE FUNCTION audit_row();
