-- Every order about dead letters is in the log of what operators did.
CREATE TRIGGER audit AFTER INSERT ON dead_letter_order FOR EACH ROW EXECUTE FUNCTION audit_row();
