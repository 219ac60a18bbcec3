-- What a person must still do about lots in the ERP before an order can be booked, as the ERP's list showed it last; null = nothing.
ALTER TABLE erp_order ADD COLUMN lot_notes TEXT;

-- Equal attempts are counted in the row of the first one, so that weeks without an answer do not grow the books. Every attempt keeps its
-- number: a row stands for those that are counted in it.
ALTER TABLE outbox_attempt ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
-- Number and end of the last one that is counted; null = there is one only.
ALTER TABLE outbox_attempt ADD COLUMN last_number INTEGER;
ALTER TABLE outbox_attempt ADD COLUMN last_at_ms INTEGER;

-- An attempt is ended once; then it stays as it was written, but for equal ones that are counted in it.
DROP TRIGGER outbox_attempt_is_append_only_u;
CREATE TRIGGER outbox_attempt_is_append_only_u BEFORE UPDATE ON outbox_attempt
    WHEN NEW.outbox_id <> OLD.outbox_id OR NEW.number <> OLD.number OR NEW.act <> OLD.act OR NEW.began_at_ms <> OLD.began_at_ms
      OR (OLD.ended_at_ms IS NULL AND (NEW.times <> OLD.times OR NEW.last_number IS NOT OLD.last_number OR NEW.last_at_ms IS NOT OLD.last_at_ms))
      OR (OLD.ended_at_ms IS NOT NULL AND (NEW.ended_at_ms IS NOT OLD.ended_at_ms OR NEW.outcome IS NOT OLD.outcome OR NEW.answer IS NOT OLD.answer
          OR NEW.times <> OLD.times + 1 OR NEW.last_number IS NULL OR NEW.last_number <= coalesce(OLD.last_number, OLD.number) OR NEW.last_at_ms IS NULL))
    BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
-- Only an attempt that was just counted in another row goes, and only before it was ended.
DROP TRIGGER outbox_attempt_is_append_only_d;
CREATE TRIGGER outbox_attempt_is_append_only_d BEFORE DELETE ON outbox_attempt
    WHEN OLD.ended_at_ms IS NOT NULL OR NOT EXISTS
      (SELECT 1 FROM outbox_attempt AS kept WHERE kept.outbox_id = OLD.outbox_id AND kept.last_number = OLD.number)
    BEGIN SELECT RAISE (ABORT, 'attempts are append-only'); END;
