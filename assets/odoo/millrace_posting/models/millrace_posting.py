"""One row a message of Millrace. The key is unique in the database, so that a message that comes
twice is booked once, whoever repeats it and however late: the second caller gets the first result.

Everything happens in the one transaction that an RPC call is: row, quantities, and, when asked for,
the closing of the order. It leaves out deciding what to book: quantities are absolute totals.

Called over the external API, for example
    POST /json/2/millrace.posting/book   {"key": ..., "production_id": ..., "lines": [...], ...}
    execute_kw(db, uid, secret, "millrace.posting", "book", [], {...})
Written for Odoo 14 to 19: what differs between them is read from the fields and methods there are.
"""

import hashlib
import json

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare, float_round

#: What a caller checks before it relies on `book`.
VERSION = "1.1.0"

#: States of an order in which something may be booked.
OPEN = ("confirmed", "progress", "to_close")

#: Longest anchor that is kept.
ANCHOR_MAX = 64

#: Digits behind the point that count when a quantity is held against the step of its unit.
DIGITS = 6


class MillracePosting(models.Model):
    _name = "millrace.posting"
    _description = "Message of Millrace, booked once"
    _order = "id desc"
    _rec_name = "key"

    # Without an index of its own: the unique one below serves.
    key = fields.Char(required=True, readonly=True)
    body_hash = fields.Char(required=True, readonly=True)
    production_id = fields.Many2one("mrp.production", required=True, readonly=True, ondelete="restrict")
    result = fields.Text(readonly=True)
    # Where Millrace's audit trail stood when the message was first booked: what it says cannot be
    # rewritten before that row without this one contradicting.
    anchor = fields.Char(readonly=True)

    def init(self):
        """The guarantee rests on this index. A declared constraint that cannot be made is a warning
        in Odoo's log, and how it is declared changed in 19; this fails the installation instead."""
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS millrace_posting_key_once ON millrace_posting (key)"
        )

    @api.model
    def info(self):
        """Which version answers, and what it promises."""
        return {"version": VERSION, "guarantee": "unique_key"}

    @api.model
    def book(self, key, production_id, lines, finished_qty=0.0, mark_done=False, keep=None, anchor=None):
        """Books absolute totals on an order, once for each key.

        :param str key: plant, order, batch and revision; fixed by the caller before the first call
        :param int production_id: the order
        :param list lines: ``[{"move_id": 205, "quantity": 59.87, "lot_id": 7}, ...]`` in the unit of
            each move, with the lot of what is tracked; a raw move that is neither here nor in `keep`
            gets 0
        :param float finished_qty: finished weight in the unit of the order; 0 = not known
        :param bool mark_done: close the order in the same transaction
        :param list keep: raw moves that somebody else reports; they stay as they are
        :param str anchor: where Millrace's audit trail stands; kept beside the row, no part of the message
        :return: ``{"already": bool, "state": str, "finished_qty": float, "lines": {move: quantity},
            "lots": {move: [lot]}}``, lots of what is tracked only
        :raises UserError: the order cannot be booked on, or the key came with another content
        """
        if not isinstance(key, str) or not key.strip():
            raise ValidationError("A message needs a key.")
        wanted, lots = self._wanted(lines)
        finished_qty = float(finished_qty or 0.0)
        if finished_qty < 0:
            raise ValidationError("A finished weight below zero cannot have been made.")
        if mark_done and not finished_qty:
            # Odoo 17 and later would close it at the quantities of the bill of materials.
            raise UserError("An order is closed with its finished weight only.")
        production = self._locked(int(production_id))
        body_hash = self._hash(production.id, wanted, finished_qty, mark_done)
        first = self.sudo().search([("key", "=", key)], limit=1)
        if first:
            return self._first_result(first, body_hash)
        row = self._claim(key, production, body_hash, anchor)
        if production.state not in OPEN:
            raise UserError("The order %s is %s." % (production.name, production.state))
        self._write_totals(
            production, wanted, lots, finished_qty, {int(one) for one in keep or []}, mark_done
        )
        if mark_done:
            # True or a wizard, and either may be wrong: only the state decides.
            production.with_context(
                skip_backorder=True, skip_consumption=True, skip_immediate=True
            ).button_mark_done()
        self._forget_what_is_not_stored()
        if mark_done and production.state != "done":
            raise UserError("The order %s did not close: it is %s." % (production.name, production.state))
        result = self._read_back(production)
        self._prove(production, wanted, lots, finished_qty, result)
        row.result = json.dumps(result, sort_keys=True)
        return dict(result, already=False)

    # What follows is ours alone: names that begin with an underscore cannot be called from outside.

    @api.model
    def _locked(self, production_id):
        """The order, held against every other message until the end of this transaction.

        An update, not a mere lock: Odoo's transactions see the database as it was at their first
        statement. Had another message of this order been committed since, a lock would be granted
        and its row would stay invisible; an update fails with a serialization error, and Odoo runs
        the whole call again on the new state.
        """
        self.env.cr.execute(
            "UPDATE mrp_production SET write_date = write_date WHERE id = %s", [production_id]
        )
        production = self.env["mrp.production"].browse(production_id).exists()
        if not production:
            raise UserError("There is no such order.")
        # Rows of ours are written with all rights, so that nobody claims a key by hand; who may
        # not write to the order may not ask either.
        if hasattr(production, "check_access"):
            production.check_access("write")
        else:
            production.check_access_rights("write")
            production.check_access_rule("write")
        return production

    @api.model
    def _claim(self, key, production, body_hash, anchor):
        """The new row; the database decides that it is the only one of its key."""
        # What is no anchor is left out: it is no reason to refuse a booking.
        is_anchor = isinstance(anchor, str) and anchor.strip() and len(anchor) <= ANCHOR_MAX
        try:
            with self.env.cr.savepoint():
                return self.sudo().create(
                    {
                        "key": key,
                        "production_id": production.id,
                        "body_hash": body_hash,
                        "anchor": anchor if is_anchor else None,
                    }
                )
        except psycopg2.IntegrityError as error:
            # Messages of one order wait for each other above: this key came with another order, at
            # this very moment.
            raise UserError(
                "The message %s came for another order at the same moment; nothing was booked." % key
            ) from error

    @api.model
    def _first_result(self, first, body_hash):
        if first.body_hash != body_hash:
            raise UserError(
                "The message %s came before with another content; nothing was booked." % first.key
            )
        return dict(json.loads(first.result), already=True)

    @api.model
    def _wanted(self, lines):
        wanted, lots = {}, {}
        for line in lines or []:
            move_id, quantity = int(line["move_id"]), float(line["quantity"])
            if not 0 <= quantity < float("inf"):
                raise ValidationError("%s cannot have been consumed." % quantity)
            if move_id in wanted:
                raise ValidationError("Move %s stands twice in the message." % move_id)
            wanted[move_id] = quantity
            if line.get("lot_id"):
                lots[move_id] = int(line["lot_id"])
        return wanted, lots

    @api.model
    def _hash(self, production_id, wanted, finished_qty, mark_done):
        # Without zeros: a move that was closed with nothing is cancelled and no longer named. Without
        # lots: a person may have put what was booked on another one before the message comes again.
        body = {
            "production_id": production_id,
            "lines": sorted((move_id, quantity) for move_id, quantity in wanted.items() if quantity),
            "finished_qty": finished_qty,
            "mark_done": bool(mark_done),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    @api.model
    def _write_totals(self, production, wanted, lots, finished_qty, keep, mark_done):
        moves = production.move_raw_ids.filtered(lambda move: move.state != "cancel")
        foreign = (set(wanted) | keep) - set(production.move_raw_ids.ids)
        foreign |= {move_id for move_id, quantity in wanted.items() if quantity} - set(moves.ids)
        if foreign:
            raise UserError("Moves %s are not of order %s." % (sorted(foreign), production.name))
        if set(wanted) & keep:
            raise ValidationError("A move is either booked or kept.")
        if moves.filtered(lambda move: move.state == "done"):
            raise UserError("Something of order %s is booked already." % production.name)
        has_picked = "picked" in self.env["stock.move"]._fields
        if mark_done:
            open_moves = moves.filtered(lambda move: move.id in keep and not self._consumed(move))
            if open_moves:
                # Closing would cancel them, or book the bill of materials.
                raise UserError("Nothing is reported for moves %s." % sorted(open_moves.ids))
        ours = moves.filtered(lambda move: move.id not in keep)
        for move in ours:
            quantity = wanted.get(move.id, 0.0)
            if quantity and move.has_tracking != "none" and move.id not in lots:
                raise UserError("Move %s is tracked by lot, and the message names none." % move.id)
            self._check_step(quantity, move.product_uom)
        self._check_step(finished_qty, production.product_uom_id)
        if has_picked:
            # Else a part of what exceeds the reservation is lost to another line's rounding.
            # Lines that are written whole take the place of their reservation.
            ours.filtered(lambda move: not move.picked and move.id not in lots)._do_unreserve()
        commands = []
        for move in ours:
            quantity = wanted.get(move.id, 0.0)
            if quantity and move.id in lots and move.has_tracking != "none":
                values = {"move_line_ids": self._on_lot(move, lots[move.id], quantity, has_picked)}
                if has_picked:
                    values["picked"] = True
            elif has_picked:
                values = {"quantity": quantity, "picked": True}
            else:
                values = {"quantity_done": quantity}
            # From 18 on the field says it; before, the context below does.
            if has_picked and hasattr(production, "check_access"):
                values["manual_consumption"] = True
            commands.append((1, move.id, values))
        values = {"move_raw_ids": commands}
        if finished_qty:
            values["qty_producing"] = finished_qty
        # Quantities and finished weight in one write: apart, one of them overwrites the other.
        production.with_context(force_manual_consumption=True).write(values)

    @api.model
    def _on_lot(self, move, lot_id, quantity, has_picked):
        """The commands that put a whole quantity on one lot, in the place of all lines there are. A
        quantity written on the move itself would land on its last lot, or on none."""
        lines = move.move_line_ids.filtered(lambda line: line.lot_id.id == lot_id)
        if not lines:
            raise UserError("Lot %s is not assigned to move %s." % (lot_id, move.id))
        first = next(iter(lines))
        values = {
            "product_id": move.product_id.id,
            "product_uom_id": move.product_uom.id,
            "lot_id": lot_id,
            "location_id": first.location_id.id,
            "location_dest_id": first.location_dest_id.id,
        }
        if has_picked:
            values.update(quantity=quantity, picked=True)
        else:
            values["qty_done"] = quantity
        return [(2, line.id) for line in move.move_line_ids] + [(0, 0, values)]

    @api.model
    def _lots(self, move):
        """The lots that a move's quantity stands on; 0 is what stands on none."""
        field = "quantity" if "picked" in move._fields else "qty_done"
        return sorted({line.lot_id.id or 0 for line in move.move_line_ids if getattr(line, field)})

    @api.model
    def _check_step(self, quantity, uom):
        rounded = float_round(quantity, precision_rounding=uom.rounding)
        if float_compare(quantity, rounded, precision_digits=DIGITS) != 0:
            raise ValidationError("%s has more digits than its unit (%s)." % (quantity, uom.rounding))

    @api.model
    def _forget_what_is_not_stored(self):
        """Sends everything to the database and forgets it here, so that what is read back is what is
        stored, rounded as it is stored."""
        if hasattr(self.env, "flush_all"):
            self.env.flush_all()
            self.env.invalidate_all()
        else:
            self.flush()
            self.invalidate_cache()

    @api.model
    def _consumed(self, move):
        if move.state == "cancel":
            return 0.0
        if "picked" in move._fields:
            # Before it is picked, the quantity is a reservation.
            return move.quantity if (move.picked or move.state == "done") else 0.0
        return move.quantity_done

    @api.model
    def _read_back(self, production):
        is_done = production.state == "done"
        return {
            "state": production.state,
            "name": production.name,
            "finished_qty": production.qty_produced if is_done else production.qty_producing,
            # Names, not numbers: what JSON can carry as a key.
            "lines": {str(move.id): self._consumed(move) for move in production.move_raw_ids},
            "lots": {
                str(move.id): self._lots(move)
                for move in production.move_raw_ids
                if move.has_tracking != "none"
            },
        }

    @api.model
    def _prove(self, production, wanted, lots, finished_qty, result):
        for move in production.move_raw_ids:
            quantity = wanted.get(move.id)
            found = result["lines"][str(move.id)]
            if quantity is None:
                continue
            if float_compare(found, quantity, precision_digits=DIGITS) != 0:
                raise UserError("Move %s holds %s instead of %s." % (move.id, found, quantity))
            if quantity and move.id in lots and result["lots"].get(str(move.id)) != [lots[move.id]]:
                raise UserError("Move %s is not on lot %s alone." % (move.id, lots[move.id]))
        found = result["finished_qty"]
        if finished_qty and float_compare(found, finished_qty, precision_digits=DIGITS) != 0:
            raise UserError("The finished weight is %s instead of %s." % (found, finished_qty))
