"""Orders, moves and units for the stand-in, with what real servers of 16 to 19 were seen to do in
the points the addon relies on; and a server that runs one call as one transaction.

Leaves out stock by lot, work orders, prices and everything that a person sees.
"""

import csv
import pathlib
import sqlite3
import sys

HERE = pathlib.Path(__file__).resolve().parent
ADDON = HERE.parent.parent / "assets" / "odoo"
sys.path[:0] = [str(HERE / "standin"), str(ADDON)]

import psycopg2  # noqa: E402
from odoo import REGISTRY, Cursor, Environment, fields, models  # noqa: E402
from odoo.exceptions import UserError  # noqa: E402

import millrace_posting  # noqa: E402,F401

#: What a user of the group Manufacturing / User may do with Odoo's own models.
MRP_USER = {
    (model, right)
    for model in ("mrp.production", "stock.move", "stock.move.line")
    for right in ("read", "write", "create", "unlink")
    if model == "stock.move.line" or right in ("read", "write")
}

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE uom_uom (id INTEGER PRIMARY KEY, rounding REAL);
CREATE TABLE mrp_production (id INTEGER PRIMARY KEY, name TEXT, state TEXT, product_qty REAL,
    qty_producing REAL DEFAULT 0, qty_produced REAL DEFAULT 0, product_uom_id INTEGER, write_date TEXT,
    asks_back INTEGER DEFAULT 0);
CREATE TABLE stock_move (id INTEGER PRIMARY KEY, production_id INTEGER, state TEXT, demand REAL,
    quantity REAL DEFAULT 0, quantity_done REAL DEFAULT 0, picked INTEGER DEFAULT 0,
    manual_consumption INTEGER DEFAULT 0, has_tracking TEXT DEFAULT 'none', product_uom INTEGER,
    product_id INTEGER DEFAULT 9);
CREATE TABLE stock_move_line (id INTEGER PRIMARY KEY, move_id INTEGER, product_id INTEGER, product_uom_id INTEGER,
    lot_id INTEGER, location_id INTEGER, location_dest_id INTEGER, quantity REAL DEFAULT 0, qty_done REAL DEFAULT 0,
    picked INTEGER DEFAULT 0);
CREATE TABLE stock_lot (id INTEGER PRIMARY KEY);
CREATE TABLE stock_location (id INTEGER PRIMARY KEY);
CREATE TABLE product_product (id INTEGER PRIMARY KEY);
CREATE TABLE millrace_posting (id INTEGER PRIMARY KEY, key TEXT NOT NULL, body_hash TEXT NOT NULL,
    production_id INTEGER NOT NULL, result TEXT, anchor TEXT);
INSERT INTO uom_uom VALUES (1, 0.01);
INSERT INTO mrp_production (id, name, state, product_qty, product_uom_id) VALUES
    (33, 'WH/MO/00033', 'confirmed', 100, 1), (34, 'WH/MO/00034', 'confirmed', 100, 1);
INSERT INTO stock_move (id, production_id, state, demand, quantity, product_uom) VALUES
    (205, 33, 'confirmed', 60, 60, 1), (206, 33, 'confirmed', 39.5, 39.5, 1), (207, 33, 'confirmed', 0.5, 0, 1),
    (301, 34, 'confirmed', 100, 0, 1);
"""


class Uom(models.Model):
    _name = "uom.uom"
    rounding = fields.Float()


class Lot(models.Model):
    _name = "stock.lot"


class Location(models.Model):
    _name = "stock.location"


class Product(models.Model):
    _name = "product.product"


class Line(models.Model):
    _name = "stock.move.line"
    _old_only = ("qty_done",)
    _new_only = ("quantity", "picked")
    lot_id = fields.Many2one("stock.lot")
    location_id = fields.Many2one("stock.location")
    location_dest_id = fields.Many2one("stock.location")
    quantity = fields.Float()
    qty_done = fields.Float()
    picked = fields.Boolean()


class Move(models.Model):
    _name = "stock.move"
    _old_only = ("quantity_done",)
    _new_only = ("quantity", "picked")
    state = fields.Char()
    demand = fields.Float()
    quantity = fields.Float()
    quantity_done = fields.Float()
    picked = fields.Boolean()
    manual_consumption = fields.Boolean()
    has_tracking = fields.Char()
    product_uom = fields.Many2one("uom.uom")

    product_id = fields.Many2one("product.product")

    @property
    def move_line_ids(self):
        rows = self.env.cr.execute("SELECT id FROM stock_move_line WHERE move_id = %s ORDER BY id", [self.id])
        return self.env["stock.move.line"].browse([row[0] for row in rows])

    def write(self, values):
        values = dict(values)
        column = "quantity" if self.env.version >= 17 else "qty_done"
        if "move_line_ids" in values:
            for command in values.pop("move_line_ids"):
                if command[0] == 2:
                    self.env.cr.execute("DELETE FROM stock_move_line WHERE id = %s", [command[1]])
                else:
                    assert command[0] == 0 and column in command[2], command
                    self.env["stock.move.line"].create({**command[2], "move_id": self.id})
            values[("quantity" if column == "quantity" else "quantity_done")] = sum(
                getattr(line, column) for line in self.move_line_ids
            )
        return super().write(values)

    def _do_unreserve(self):
        for move in self:
            assert not move.picked, "what is consumed is no reservation"
            self.env.cr.execute("DELETE FROM stock_move_line WHERE move_id = %s", [move.id])
            move.write({"quantity": 0.0})


class Production(models.Model):
    _name = "mrp.production"
    name = fields.Char()
    state = fields.Char()
    product_qty = fields.Float()
    qty_producing = fields.Float()
    qty_produced = fields.Float()
    asks_back = fields.Boolean()
    product_uom_id = fields.Many2one("uom.uom")

    @property
    def move_raw_ids(self):
        rows = self.env.cr.execute("SELECT id FROM stock_move WHERE production_id = %s ORDER BY id", [self.id])
        return self.env["stock.move"].browse([row[0] for row in rows])

    def write(self, values):
        values = dict(values)
        for command, move_id, change in values.pop("move_raw_ids", []):
            assert command == 1, command
            move = self.env["stock.move"].browse(move_id)
            if move.state == "cancel":
                raise UserError("You cannot change a cancelled stock move, create a new line instead.")
            move.write({name: round(value, 2) if isinstance(value, float) else value for name, value in change.items()})
            if self.env.context.get("force_manual_consumption"):
                move.write({"manual_consumption": True})
        return super().write({**values, "state": "progress"})

    def button_mark_done(self):
        if self.asks_back or not self.env.context.get("skip_backorder"):
            return {"res_model": "mrp.production.backorder"}
        is_new = self.env.version >= 17
        for move in self.move_raw_ids:
            if is_new and not self.qty_producing and not move.manual_consumption:
                move.write({"quantity": move.demand, "picked": True})
            consumed = (move.quantity if move.picked else 0.0) if is_new else move.quantity_done
            move.write({"state": "done" if consumed else "cancel"})
        made = self.qty_producing or self.product_qty
        return super().write({"state": "done", "qty_produced": made})


class Server:
    """One database; each call is one transaction, tried again after a serialization error."""

    def __init__(self, path, version):
        self.path, self.version, self.retries = str(path), version, 0
        with sqlite3.connect(self.path) as connection:
            connection.executescript(SCHEMA)
        connection.close()
        self.rights = {right: True for right in MRP_USER}
        table = ADDON / "millrace_posting" / "security" / "ir.model.access.csv"
        with open(table, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert row["model_id:id"] == "model_millrace_posting"
                for operation in ("read", "write", "create", "unlink"):
                    if row["perm_" + operation] == "1" and row["group_id:id"] == "mrp.group_mrp_user":
                        self.rights["millrace.posting", operation] = True
        cr = Cursor(self.path)
        REGISTRY["millrace.posting"](Environment(cr, version, {}, su=True)).init()
        cr.end("COMMIT")

    def call(self, method, at_start=None, rights=None, **arguments):
        """As execute_kw on `millrace.posting`. The hook runs inside the first transaction, behind its
        first statement."""
        for attempt in range(5):
            cr = Cursor(self.path)
            env = Environment(cr, self.version, self.rights if rights is None else rights)
            try:
                if at_start and attempt == 0:
                    at_start()
                answer = getattr(env["millrace.posting"], method)(**arguments)
                cr.end("COMMIT")
                return answer
            except psycopg2.OperationalError:
                cr.end("ROLLBACK")
                self.retries += 1
                self.wait_for_the_writer()
            except BaseException:
                cr.end("ROLLBACK")
                raise
        raise AssertionError("a serialization error five times")

    def wait_for_the_writer(self):
        """Postgres makes the second one wait for the first before it tells it; sqlite does not."""
        connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.close()

    def rows(self, sql):
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def change(self, sql):
        with sqlite3.connect(self.path) as connection:
            connection.execute(sql)
        connection.close()
