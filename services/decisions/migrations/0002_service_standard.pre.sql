-- When the complete application was received: the service standard runs from there.
ALTER TABLE invitation ADD COLUMN application_received_at timestamptz;
