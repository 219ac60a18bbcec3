-- Who brought an order to what it is: nobody approves their own request.

-- NULL = it came by itself.
ALTER TABLE erp_order ADD COLUMN requested_by INTEGER REFERENCES person (id);
-- import, take_over or keep.
ALTER TABLE erp_order ADD COLUMN requested_how TEXT;
ALTER TABLE erp_order ADD COLUMN requested_at_ms INTEGER;
