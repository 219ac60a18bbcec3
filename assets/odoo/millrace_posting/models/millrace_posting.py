"""One row a message of Millrace. The key is unique in the database, so that a message that comes
twice is booked once, whoever repeats it and however late: the second caller gets the first result.

Everything happens in the one transaction that an RPC call is: row, quantities, and, when asked for,
the closing of the order. It leaves out deciding what to book: quantities are absolute totals.

Called over the external API, for example
    POST /json/2/millrace.posting/book   {"key": ..., "production_id": ..., "lines": [...], ...}
    execute_kw(db, uid, secret, "millrace.posting", "book", [], {...})
Works with Odoo 14 to 19: what differs between them is read from the fields of stock.move.
"""

import hashlib
import json

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

#: What a caller checks before it relies on `book`.
VERSION = "1.0.0"

#: States of an order in which something may be booked.
OPEN = ("confirmed", "progress", "to_close")


class MillracePosting(models.Model):
    _name = "millrace.posting"
    _description = "Message of Millrace, booked once"
    _order = "id desc"
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True, index=True)
    body_hash = fields.Char(required=True, readonly=True)
    production_id = fields.Many2one("mrp.production", required=True, readonly=True, ondelete="restrict")
    result = fields.Text(readonly=True)

    # Before Odoo 19 constraints are declared by this list; from 19 on by the attribute below it.
    _sql_constraints = [("key_unique", "UNIQUE(key)", "This message is booked already.")]
    if hasattr(models, "Constraint"):
        _key_unique = models.Constraint("UNIQUE(key)", "This message is booked already.")

    def init(self):
        """The guarantee rests on this index, so it is made here, whatever the version declares."""
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS millrace_posting_key_once ON millrace_posting (key)"
        )

    @api.model
    def info(self):
        """Which version answers, and what it promises."""
        return {"version": VERSION, "guarantee": "unique_key"}

    @api.model
    def book(self, key, production_id, lines, finished_qty=0.0, mark_done=False):
        """Books absolute totals on an order, once for each key.

        :param str key: plant, order, batch and revision; fixed by the caller before the first call
        :param int production_id: the order
        :param list lines: ``[{"move_id": 205, "quantity": 59.87}, ...]`` in the unit of each move;
            a raw move that is not named gets 0
        :param float finished_qty: finished weight in the unit of the order; 0 = not known
        :param bool mark_done: close the order in the same transaction
        :return: ``{"already": bool, "state": str, "finished_qty": float, "lines": [...]}``
        :raises UserError: the order cannot be booked on, or the key came with another content
        """
        if not isinstance(key, str) or not key.strip():
            raise ValidationError("A message needs a key.")
        wanted = self._wanted(lines)
        body_hash = self._hash(production_id, wanted, finished_qty, mark_done)
        row = self._claim(key, production_id, body_hash)
        if isinstance(row, dict):
            return row
        production = self.env["mrp.production"].browse(production_id).exists()
        if not production:
            raise UserError("There is no such order.")
        # Two messages of one order never write at the same time.
        self.env.cr.execute("SELECT id FROM mrp_production WHERE id = %s FOR UPDATE", [production.id])
        if production.state not in OPEN:
            raise UserError("The order %s is %s." % (production.name, production.state))
        self._write_totals(production, wanted, finished_qty)
        if mark_done:
            production.with_context(
                skip_backorder=True, skip_consumption=True, skip_immediate=True
            ).button_mark_done()
            if production.state != "done":
                raise UserError("The order %s did not close: it is %s." % (production.name, production.state))
        result = self._read_back(production)
        for move_id, quantity in wanted.items():
            found = result["lines"].get(str(move_id))
            if found is None or abs(found - quantity) > self._half_step(move_id):
                raise UserError("Move %s holds %s instead of %s." % (move_id, found, quantity))
        row.result = json.dumps(result, sort_keys=True)
        return dict(result, already=False)

    # What follows is ours alone: names that begin with an underscore cannot be called from outside.

    def _claim(self, key, production_id, body_hash):
        """The new row, or the first result when the key is there already."""
        try:
            with self.env.cr.savepoint():
                row = self.create(
                    {"key": key, "production_id": production_id, "body_hash": body_hash}
                )
                # The row must reach the database here, where a second one waits for the first.
                (row.flush_recordset if hasattr(row, "flush_recordset") else row.flush)()
                return row
        except psycopg2.IntegrityError:
            first = self.search([("key", "=", key)], limit=1)
            if not first:
                raise
        if first.body_hash != body_hash:
            raise UserError("The message %s came before with another content; nothing was booked." % key)
        return dict(json.loads(first.result or "{}"), already=True)

    @api.model
    def _wanted(self, lines):
        wanted = {}
        for line in lines or []:
            move_id, quantity = int(line["move_id"]), float(line["quantity"])
            if quantity < 0:
                raise ValidationError("A quantity below zero cannot have been consumed.")
            if move_id in wanted:
                raise ValidationError("Move %s stands twice in the message." % move_id)
            wanted[move_id] = quantity
        return wanted

    @api.model
    def _hash(self, production_id, wanted, finished_qty, mark_done):
        body = {
            "production_id": production_id,
            "lines": sorted(wanted.items()),
            "finished_qty": float(finished_qty or 0.0),
            "mark_done": bool(mark_done),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def _open_moves(self, production):
        return production.move_raw_ids.filtered(lambda move: move.state != "cancel")

    def _write_totals(self, production, wanted, finished_qty):
        moves = self._open_moves(production)
        foreign = set(wanted) - set(moves.ids)
        if foreign:
            raise UserError("Moves %s are not of order %s." % (sorted(foreign), production.name))
        done = moves.filtered(lambda move: move.state == "done")
        if done:
            raise UserError("Something of order %s is booked already." % production.name)
        fields_of_move = self.env["stock.move"]._fields
        has_picked = "picked" in fields_of_move
        if has_picked:
            # Else a part of what exceeds the reservation is lost to another line's rounding.
            production.do_unreserve()
        commands = []
        for move in moves:
            quantity = wanted.get(move.id, 0.0)
            if has_picked:
                values = {"quantity": quantity, "picked": True}
                if not fields_of_move["manual_consumption"].readonly:
                    values["manual_consumption"] = True
            else:
                values = {"quantity_done": quantity}
            commands.append((1, move.id, values))
        values = {"move_raw_ids": commands}
        if finished_qty:
            values["qty_producing"] = finished_qty
        # Quantities and finished weight in one write: apart, one of them overwrites the other.
        production.with_context(force_manual_consumption=True).write(values)

    def _consumed(self, move):
        if "picked" in move._fields:
            return move.quantity if (move.picked or move.state == "done") else 0.0
        return move.quantity_done

    def _half_step(self, move_id):
        return self.env["stock.move"].browse(move_id).product_uom.rounding / 2.0

    def _read_back(self, production):
        return {
            "state": production.state,
            "name": production.name,
            "finished_qty": production.qty_producing or production.qty_produced,
            "lines": {
                str(move.id): self._consumed(move) for move in self._open_moves(production)
            },
        }
