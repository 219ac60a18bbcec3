-- A message's turn stands in its row, so that the next due one is looked up and not searched for. A message
-- waits while an older one of its order is open (a refused one is); the one that closes the order waits for
-- all others and holds none; one that belongs to no order waits for none.
ALTER TABLE outbox ADD COLUMN in_turn INTEGER NOT NULL DEFAULT 0 CHECK (in_turn IN (0, 1));

-- Every open message was looked through by this one.
DROP INDEX outbox_open;

-- The open messages of an order, the one that closes it apart.
CREATE INDEX outbox_open_of_order ON outbox (order_id, kind = 'mark_done', id) WHERE state NOT IN ('posted', 'waived', 'by_hand');
-- What may be worked on, the one that falls due first first.
CREATE INDEX outbox_turn ON outbox (next_at_ms, id) WHERE in_turn = 1 AND state IN ('queued', 'sending', 'in_doubt');

UPDATE outbox SET in_turn = 1 WHERE state NOT IN ('posted', 'waived', 'by_hand')
    AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.order_id = outbox.order_id AND p.id <> outbox.id AND p.kind <> 'mark_done'
        AND (p.id < outbox.id OR outbox.kind = 'mark_done') AND p.state NOT IN ('posted', 'waived', 'by_hand'));

CREATE TRIGGER outbox_turn_of_none AFTER INSERT ON outbox WHEN NEW.order_id IS NULL
BEGIN
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id;
END;

CREATE TRIGGER outbox_turn_queued AFTER INSERT ON outbox WHEN NEW.order_id IS NOT NULL
BEGIN
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0 AND p.id <> NEW.id
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    -- What closes the order steps back behind it.
    UPDATE outbox SET in_turn = 0 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1 AND NEW.kind <> 'mark_done'
        AND state NOT IN ('posted', 'waived', 'by_hand');
END;

CREATE TRIGGER outbox_turn_closed AFTER UPDATE OF state ON outbox
    WHEN NEW.state IN ('posted', 'waived', 'by_hand') AND OLD.state NOT IN ('posted', 'waived', 'by_hand')
BEGIN
    UPDATE outbox SET in_turn = 0 WHERE id = NEW.id;
    UPDATE outbox SET in_turn = 1 WHERE in_turn = 0 AND id = (
        SELECT min(p.id) FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    UPDATE outbox SET in_turn = 1 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1
        AND state NOT IN ('posted', 'waived', 'by_hand') AND NOT EXISTS (
            SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
                AND p.state NOT IN ('posted', 'waived', 'by_hand'));
END;

-- No transition opens a closed message again. Should one come, the turn is right all the same.
CREATE TRIGGER outbox_turn_reopened AFTER UPDATE OF state ON outbox
    WHEN NEW.state NOT IN ('posted', 'waived', 'by_hand') AND OLD.state IN ('posted', 'waived', 'by_hand')
BEGIN
    UPDATE outbox SET in_turn = 0 WHERE order_id = NEW.order_id AND state NOT IN ('posted', 'waived', 'by_hand') AND in_turn = 1;
    UPDATE outbox SET in_turn = 1 WHERE id = NEW.id AND order_id IS NULL;
    UPDATE outbox SET in_turn = 1 WHERE id = (
        SELECT min(p.id) FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
            AND p.state NOT IN ('posted', 'waived', 'by_hand'));
    UPDATE outbox SET in_turn = 1 WHERE order_id = NEW.order_id AND (kind = 'mark_done') = 1
        AND state NOT IN ('posted', 'waived', 'by_hand') AND NOT EXISTS (
            SELECT 1 FROM outbox p WHERE p.order_id = NEW.order_id AND (p.kind = 'mark_done') = 0
                AND p.state NOT IN ('posted', 'waived', 'by_hand'));
END;
