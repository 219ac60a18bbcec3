-- What a person must still do about lots in the ERP before an order can be booked, as the ERP's list showed it last; null = nothing.
ALTER TABLE erp_order ADD COLUMN lot_notes TEXT;
