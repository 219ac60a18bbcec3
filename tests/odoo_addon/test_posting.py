"""What the addon `millrace_posting` promises, run against a stand-in for Odoo over sqlite3:
    python3 tests/odoo_addon/test_posting.py
It shows the addon's own logic, not how a real Odoo behaves."""

import functools
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import mill  # noqa: E402
from odoo.exceptions import AccessError, UserError, ValidationError  # noqa: E402

VERSIONS = range(14, 20)
KEY = "demo:1:1:1"


def message(key=KEY, production_id=33, lines=((205, 59.87), (206, 39.41)), finished_qty=99.5, **more):
    lines = [{"move_id": move_id, "quantity": quantity} for move_id, quantity in lines]
    return dict(key=key, production_id=production_id, lines=lines, finished_qty=finished_qty, **more)


def on_every_version(test):
    """Runs a test on a fresh server of each version."""

    @functools.wraps(test)
    def run(self):
        for version in VERSIONS:
            with self.subTest(odoo=version), tempfile.TemporaryDirectory() as folder:
                test(self, mill.Server(pathlib.Path(folder) / "odoo.db", version))

    return run


class Posting(unittest.TestCase):
    def held(self, server, order=33):
        column = "quantity" if server.version >= 17 else "quantity_done"
        return dict(server.rows("SELECT id, %s FROM stock_move WHERE production_id = %d" % (column, order)))

    def state(self, server, order=33):
        return server.rows("SELECT state, qty_producing FROM mrp_production WHERE id = %d" % order)[0]

    def keys(self, server):
        return [row[0] for row in server.rows("SELECT key FROM millrace_posting ORDER BY id")]

    def nothing_changed(self, server, state="confirmed"):
        self.assertEqual(self.keys(server), [])
        self.assertEqual(self.state(server), (state, 0))
        reserved = {205: 60, 206: 39.5, 207: 0} if server.version >= 17 else {205: 0, 206: 0, 207: 0}
        self.assertEqual(self.held(server), reserved)

    @on_every_version
    def test_it_says_which_guarantee_it_gives(self, server):
        self.assertEqual(server.call("info"), {"version": "1.1.0", "guarantee": "unique_key"})

    @on_every_version
    def test_a_message_is_booked_once_and_answered_with_the_first_result(self, server):
        first = server.call("book", **message())
        self.assertFalse(first["already"])
        self.assertEqual(first["lines"], {"205": 59.87, "206": 39.41, "207": 0})
        self.assertEqual((first["finished_qty"], first["state"]), (99.5, "progress"))
        self.assertEqual(server.call("book", **message()), {**first, "already": True})
        self.assertEqual(self.held(server), {205: 59.87, 206: 39.41, 207: 0})
        self.assertEqual(self.keys(server), [KEY])

    @on_every_version
    def test_an_anchor_is_kept_beside_the_first_booking_and_is_no_part_of_it(self, server):
        first = server.call("book", **message(), anchor="MR1-42-0123456789abcdef-0a1b")
        again = server.call("book", **message(), anchor="MR1-57-fedcba9876543210-1b2c")
        self.assertEqual(again, {**first, "already": True})
        self.assertEqual(server.call("book", **message()), {**first, "already": True})
        kept = "SELECT anchor FROM millrace_posting ORDER BY id"
        self.assertEqual(server.rows(kept), [("MR1-42-0123456789abcdef-0a1b",)])

    @on_every_version
    def test_what_is_no_anchor_is_no_reason_to_refuse(self, server):
        for number, wrong in enumerate((None, "", 7, ["MR1"], "x" * 65)):
            total = message(key="demo:1:1:%d" % number, lines=((205, 50 + number),))
            self.assertFalse(server.call("book", **total, anchor=wrong)["already"])
        kept = server.rows("SELECT anchor FROM millrace_posting")
        self.assertEqual([row for row in kept if row[0]], [])

    @on_every_version
    def test_a_zero_that_is_said_and_one_that_is_not_are_one_message(self, server):
        server.call("book", **message())
        said = message(lines=((206, 39.41), (205, 59.87), (207, 0)))
        self.assertTrue(server.call("book", **said)["already"])

    @on_every_version
    def test_a_late_repeat_does_not_overwrite_a_newer_total(self, server):
        first = server.call("book", **message())
        newer = message(key="demo:1:2:1", lines=((205, 120.5), (206, 80)), finished_qty=200)
        server.call("book", **newer)
        self.assertEqual(server.call("book", **message()), {**first, "already": True})
        self.assertEqual(self.held(server), {205: 120.5, 206: 80, 207: 0})
        # Nor after somebody closed the order.
        server.change("UPDATE mrp_production SET state = 'done'")
        self.assertTrue(server.call("book", **message())["already"])

    @on_every_version
    def test_another_content_under_the_same_key_is_refused(self, server):
        server.call("book", **message())
        for other in (
            message(lines=((205, 59.88), (206, 39.41))),
            message(finished_qty=99.6),
            message(mark_done=True),
            message(production_id=34, lines=((301, 5),)),
        ):
            with self.assertRaises(UserError):
                server.call("book", **other)
        self.assertEqual(self.held(server), {205: 59.87, 206: 39.41, 207: 0})
        self.assertEqual(self.state(server), ("progress", 99.5))

    @on_every_version
    def test_two_at_once_book_once(self, server):
        answers, both_look = [], threading.Barrier(2)

        def send():
            # Both have seen the database before either has written.
            answers.append(server.call("book", at_start=both_look.wait, **message()))

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer["already"] for answer in answers), [False, True])
        self.assertEqual(answers[0]["lines"], answers[1]["lines"])
        self.assertEqual((self.keys(server), server.retries), ([KEY], 1))

    @on_every_version
    def test_the_order_is_updated_before_the_key_is_looked_for(self, server):
        # Sqlite refuses any write on an outdated snapshot, Postgres only one to a changed row: there
        # the order's row must be that row, or the twin's message would stay invisible.
        cr = mill.Cursor(server.path)
        env = mill.Environment(cr, server.version, server.rights)
        env["millrace.posting"].book(**message())
        said = [sql for sql in cr.said if "mrp_production" in sql or "millrace_posting" in sql]
        self.assertTrue(said[0].startswith("UPDATE mrp_production SET write_date"), said[:3])
        cr.end("ROLLBACK")

    @on_every_version
    def test_without_the_index_nothing_would_hold_a_second_row_back(self, server):
        insert = "INSERT INTO millrace_posting (key, body_hash, production_id) VALUES ('k', 'h', 33)"
        server.change(insert)
        with self.assertRaisesRegex(Exception, "UNIQUE"):
            server.change(insert)
        server.change("DROP INDEX millrace_posting_key_once")
        server.change(insert)
        self.assertEqual(len(self.keys(server)), 2)

    @on_every_version
    def test_a_key_taken_at_the_same_moment_undoes_only_the_savepoint(self, server):
        cr = mill.Cursor(server.path)
        env = mill.Environment(cr, server.version, server.rights)
        addon, production = env["millrace.posting"], env["mrp.production"].browse(33)
        addon._claim(KEY, production, "hash", None)
        with self.assertRaisesRegex(UserError, "another order"):
            addon._claim(KEY, production, "hash", None)
        # The transaction lives, as after a savepoint, and still holds the first row.
        self.assertEqual(len(addon.search([("key", "=", KEY)]).ids), 1)
        cr.end("ROLLBACK")

    @on_every_version
    def test_an_order_is_closed_with_what_was_booked(self, server):
        answer = server.call("book", **message(lines=((205, 59.87), (206, 39.41), (207, 0)), mark_done=True))
        self.assertEqual((answer["state"], answer["finished_qty"]), ("done", 99.5))
        self.assertEqual(answer["lines"], {"205": 59.87, "206": 39.41, "207": 0})
        self.assertEqual(
            server.call("book", **message(mark_done=True)), {**answer, "already": True}
        )
        with self.assertRaisesRegex(UserError, "is done"):
            server.call("book", **message(key="demo:1:2:1"))

    @on_every_version
    def test_a_closing_that_is_refused_undoes_everything(self, server):
        server.change("UPDATE mrp_production SET asks_back = 1")
        with self.assertRaisesRegex(UserError, "did not close"):
            server.call("book", **message(mark_done=True))
        self.nothing_changed(server)

    @on_every_version
    def test_no_order_is_closed_without_its_weight(self, server):
        with self.assertRaises(UserError):
            server.call("book", **message(finished_qty=0, mark_done=True))
        self.nothing_changed(server)

    @on_every_version
    def test_what_does_not_fit_undoes_everything(self, server):
        for wrong in (
            message(lines=((205, 59.87), (301, 1))),
            message(lines=((205, -1),)),
            message(lines=((205, float("nan")),)),
            message(lines=((205, 1), (205, 2))),
            message(lines=((205, 59.876),)),
            message(finished_qty=-1),
            message(key=" "),
            message(keep=[301]),
            message(keep=[205]),
            message(production_id=999),
        ):
            with self.assertRaises((UserError, ValidationError)):
                server.call("book", **wrong)
        self.nothing_changed(server)
        server.change("UPDATE stock_move SET has_tracking = 'lot' WHERE id = 206")
        with self.assertRaisesRegex(UserError, "tracked"):
            server.call("book", **message())
        self.nothing_changed(server)

    @on_every_version
    def test_what_is_tracked_is_booked_on_the_lot_that_the_message_names(self, server):
        server.change("UPDATE stock_move SET has_tracking = 'lot' WHERE id = 206")
        column = "quantity" if server.version >= 17 else "qty_done"
        for lot, quantity in ((7, 20), (8, 10)):
            reserved = quantity if server.version >= 17 else 0
            server.change(
                "INSERT INTO stock_move_line (move_id, lot_id, location_id, location_dest_id, %s)"
                " VALUES (206, %d, 80, 15, %d)" % (column, lot, reserved)
            )
        named = message()
        named["lines"][1]["lot_id"] = 5
        with self.assertRaisesRegex(UserError, "not assigned"):
            server.call("book", **named)
        named["lines"][1]["lot_id"] = 7
        booked = server.call("book", **named)
        self.assertEqual(booked["lots"], {"206": [7]})
        on = "SELECT lot_id, %s, location_id FROM stock_move_line WHERE move_id = 206" % column
        self.assertEqual(server.rows(on), [(7, 39.41, 80)])
        self.assertEqual(self.held(server)[206], 39.41)
        # Another lot is no other message: it was booked.
        named["lines"][1]["lot_id"] = 8
        self.assertTrue(server.call("book", **named)["already"])
        self.assertEqual(server.rows(on), [(7, 39.41, 80)])

    @on_every_version
    def test_only_an_open_order_is_booked_on(self, server):
        for state in ("draft", "done", "cancel"):
            server.change("UPDATE mrp_production SET state = '%s'" % state)
            with self.assertRaisesRegex(UserError, state):
                server.call("book", **message())
            self.nothing_changed(server, state)

    @on_every_version
    def test_what_somebody_else_reports_is_kept(self, server):
        kept = message(lines=((205, 59.87),), keep=[206, 207])
        server.call("book", **kept)
        self.assertEqual(self.held(server)[206], 39.5 if server.version >= 17 else 0)
        with self.assertRaisesRegex(UserError, "Nothing is reported"):
            server.call("book", **{**kept, "key": "demo:1:2:1", "mark_done": True})

    @on_every_version
    def test_a_user_of_manufacturing_can_book_but_not_claim_a_key_by_hand(self, server):
        claim = {"key": KEY, "body_hash": "x", "production_id": 33}
        with self.assertRaises(AccessError):
            server.call("create", values=claim)
        reader = {right: True for right in server.rights if right[1] == "read"}
        with self.assertRaises(AccessError):
            server.call("book", rights=reader, **message())
        self.nothing_changed(server)
        server.call("book", **message())


if __name__ == "__main__":
    unittest.main()
