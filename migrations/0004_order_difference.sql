-- Orders that change or vanish in the ERP while we hold batches of them.

-- What differs and what the ERP showed (JSON of `millrace_core::erp_difference::Found`), until a person
-- decides or the ERP agrees again.
ALTER TABLE erp_order ADD COLUMN difference TEXT;
ALTER TABLE erp_order ADD COLUMN difference_seen_at_ms INTEGER;
-- What the ERP showed when a person decided to keep ours (JSON of `Seen`): it is not asked about again.
ALTER TABLE erp_order ADD COLUMN kept TEXT;
-- When the order was last compared: who waited longest comes first.
ALTER TABLE erp_order ADD COLUMN compared_at_ms INTEGER;
-- The latest decision, for whoever comes second.
ALTER TABLE erp_order ADD COLUMN decided_choice TEXT;
ALTER TABLE erp_order ADD COLUMN decided_by TEXT;
ALTER TABLE erp_order ADD COLUMN decided_at_ms INTEGER;
CREATE INDEX erp_order_differing ON erp_order (id) WHERE difference IS NOT NULL;
