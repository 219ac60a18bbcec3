#!/usr/bin/env python3
"""Verifies an exported audit trail of Millrace (format millrace-trail-1) without Millrace.

Needs Python 3.8 or later and nothing else. It shares no code with the product: hashes, seals and
anchors are computed here from their description, Ed25519 from RFC 8032. It can be read in one go, and
it writes nothing.

    python3 verify_audit.py trail.jsonl [--public-key FILE] [--anchor MR1-...]...

--public-key  public keys that you got another way, one a line; the newest seal must be by one of them
--anchor      an anchor from a label, a batch record or the ERP; may be given several times

Exit code: 0 the trail is whole, 1 it is not (the first bad row is named), 2 it cannot be read.

How it is made
  text list   each text as its length in bytes (8 bytes, little-endian) and its bytes in UTF-8
  row hash    SHA-256 over the list: "millrace-audit-1" or "-2", hash of the row before (64 zeros for the
              first), seq, at_ms, actor, action, object, before, after, reason; format 2 adds: station
  seal        Ed25519 signature of the list: "millrace-seal-1", site, seal_no, seq, hash, at_ms, cause,
              key_no, public key, signature of the seal before ("" for the first)
  key         told by a row "seal_key_add" of the trail itself; its first seal has the cause "key"
  anchor      MR1-<seq>-<first 16 digits of the row's hash>-<check>; the check is the first 4 digits of the
              SHA-256 over the list: "millrace-anchor-1", "MR1-<seq>-<16 digits>"
"""

import argparse
import hashlib
import json
import re
import sys

FORMAT = "millrace-trail-1"
GENESIS = "0" * 64


# Ed25519, RFC 8032 section 5.1, verification only.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x of a point with this y, or None when there is no such point."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = x_of(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)
ZERO = (0, 1, 1, 0)


def add(a, b):
    """The sum of two points in extended coordinates."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point):
    total = ZERO
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a, b):
    return not ((a[0] * b[2] - b[0] * a[2]) % P or (a[1] * b[2] - b[1] * a[2]) % P)


def point_of(data):
    """A point from its 32 bytes; None when they stand for none, or for one of small order."""
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = x_of(y, sign)
    if x is None:
        return None
    point = (x, y, 1, x * y % P)
    return None if same(times(8, point), ZERO) else point


def is_signed(public_key, message, signature):
    a, r = point_of(public_key), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % L
    return same(times(s, BASE), add(r, times(k, a)))


# The trail.


class Broken(Exception):
    """The first thing that does not fit."""

    def __init__(self, row, sentence):
        super().__init__(sentence)
        self.row = row


class Unreadable(Exception):
    """The file is no export, or not whole."""


def text_list(*texts):
    parts = []
    for text in texts:
        data = str(text).encode("utf-8", "surrogatepass")
        parts.append(len(data).to_bytes(8, "little") + data)
    return b"".join(parts)


def sha256(*texts):
    return hashlib.sha256(text_list(*texts)).hexdigest()


def unhex(text, size):
    """Bytes of a hexadecimal text in small letters; None for every other text."""
    if not re.fullmatch(r"[0-9a-f]{%d}" % (size * 2), text):
        return None
    return bytes.fromhex(text)


def row_hash(row, before):
    texts = [
        before, row["seq"], row["at_ms"], row["actor"], row["action"], row["object"],
        row["before"], row["after"], row["reason"],
    ]
    if row["format"] == 1 and row["station"] == "":
        return sha256("millrace-audit-1", *texts)
    if row["format"] == 2:
        return sha256("millrace-audit-2", *texts, row["station"])
    return None


def parse_anchor(text):
    text = text.strip().lower()
    match = re.fullmatch(r"mr1-([1-9][0-9]{0,18})-([0-9a-f]{16})-([0-9a-f]{4})", text)
    if not match:
        raise Unreadable("%r is no anchor: it has the form MR1-<number>-<16 digits>-<4 digits>" % text)
    seq, start, check = match.groups()
    if sha256("millrace-anchor-1", "MR1-%s-%s" % (seq, start))[:4] != check:
        raise Unreadable("%r is no anchor: its check digits do not fit" % text)
    return int(seq), start, "MR1-%s-%s-%s" % (seq, start, check)


FIELDS = {
    "key": {"key_no": int, "site": str, "public_key": str, "since_ms": int, "audit_seq": int},
    "row": {
        "format": int, "seq": int, "at_ms": int, "actor": str, "action": str, "object": str, "before": str,
        "after": str, "reason": str, "station": str, "prev_hash": str, "hash": str,
    },
    "seal": {
        "seal_no": int, "seq": int, "hash": str, "at_ms": int, "cause": str, "key_no": int, "signature": str,
    },
}


def checked(kind, value, where):
    fields = FIELDS[kind]
    if not isinstance(value, dict) or set(value) - {"kind"} != set(fields):
        raise Unreadable("%s has not the fields of a %s" % (where, kind))
    for name, kind_of in fields.items():
        if type(value[name]) is not kind_of:
            raise Unreadable("%s: %s is of the wrong kind" % (where, name))
    return value


def no_doubles(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def load(path):
    """Header, rows, seals and the counts of the last line."""
    header, rows, seals, end = None, [], [], None
    try:
        lines = open(path, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Unreadable("it cannot be opened: %s" % error)
    with lines:
        try:
            for number, line in enumerate(lines, 1):
                where = "line %d" % number
                try:
                    value = json.loads(line, object_pairs_hook=no_doubles)
                except ValueError as error:
                    raise Unreadable("%s is no JSON: %s" % (where, error))
                kind = value.get("kind") if isinstance(value, dict) else None
                if end is not None:
                    raise Unreadable("something stands behind its end")
                if header is None:
                    if kind != "header" or value.get("format") != FORMAT:
                        raise Unreadable("it is no export of the form %s" % FORMAT)
                    header = value
                    for key in header["keys"]:
                        checked("key", key, where)
                elif kind == "row" and not seals:
                    rows.append(checked("row", value, where))
                elif kind == "seal":
                    seals.append(checked("seal", value, where))
                elif kind == "end":
                    end = (value.get("rows"), value.get("seals"))
                else:
                    raise Unreadable("%s is not in the order of %s" % (where, FORMAT))
        except UnicodeDecodeError:
            raise Unreadable("it is no text in UTF-8")
    if header is None:
        raise Unreadable("it is empty")
    return header, rows, seals, end


def check_rows(rows):
    head, newest_format = GENESIS, 0
    for number, row in enumerate(rows, 1):
        if row["seq"] > number:
            raise Broken(number, "row %d is missing" % number)
        if row["seq"] < number:
            raise Broken(row["seq"], "row %d stands where no row may stand" % row["seq"])
        if row["prev_hash"] != head:
            raise Broken(number, "row %d does not follow the row before it" % number)
        found = row_hash(row, head)
        if found is None or row["format"] < newest_format:
            raise Broken(number, "row %d has a format that cannot stand there" % number)
        if found != row["hash"]:
            raise Broken(number, "row %d was changed: its content does not fit its hash" % number)
        head, newest_format = found, row["format"]


def check_keys(keys, rows):
    """Each key is told by its row, and each such row has its key."""
    told = [row for row in rows if row["action"] == "seal_key_add"]
    for number, row in enumerate(told, 1):
        key = keys.get(number)
        good = (
            key
            and key["audit_seq"] == row["seq"]
            and key["since_ms"] == row["at_ms"]
            and row["object"] == "seal_key:%d" % number
            and row["after"] == '{"public_key":"%s"}' % key["public_key"]
        )
        if not good:
            raise Broken(row["seq"], "seal key %d and the row that tells of it do not agree" % number)
    for number, key in keys.items():
        if not 1 <= number <= len(told):
            raise Broken(key["audit_seq"], "no row tells of seal key %s" % number)


def check_seals(keys, rows, seals):
    """Every seal in its place, signed by the newest key of its time, over the row as it stands."""
    sealed, signature, key_no = 0, "", 0
    for number, seal in enumerate(seals, 1):
        first = sealed + 1
        if seal["seal_no"] != number or seal["seq"] < first:
            raise Broken(first, "seal %d, which covers row %d, is missing or not in its place" % (number, first))
        newest = max((key["key_no"] for key in keys.values() if key["audit_seq"] <= seal["seq"]), default=0)
        key = keys.get(seal["key_no"])
        public, signed = unhex(key["public_key"], 32) if key else None, unhex(seal["signature"], 64)
        good = False
        if public and signed and seal["key_no"] == newest:
            if (seal["key_no"] != key_no) == (seal["cause"] == "key"):
                message = text_list(
                    "millrace-seal-1", key["site"], seal["seal_no"], seal["seq"], seal["hash"], seal["at_ms"],
                    seal["cause"], seal["key_no"], key["public_key"], signature,
                )
                good = is_signed(public, message, signed)
        if not good:
            raise Broken(first, "seal %d over rows %d to %d is not signed by its key" % (number, first, seal["seq"]))
        if seal["seq"] > len(rows):
            missing = len(rows) + 1
            raise Broken(missing, "the end is missing: seal %d names row %d" % (number, seal["seq"]))
        if rows[seal["seq"] - 1]["hash"] != seal["hash"]:
            raise Broken(
                first, "rows %d to %d were rewritten after seal %d was made" % (first, seal["seq"], number)
            )
        sealed, signature, key_no = seal["seq"], seal["signature"], seal["key_no"]
    if any(number > key_no for number in keys):
        raise Broken(sealed + 1, "a key has no seal: seals were taken out")
    return sealed, key_no


def check_anchors(anchors, rows):
    for seq, start, text in anchors:
        if seq > len(rows):
            raise Broken(len(rows) + 1, "the end is missing: anchor %s names row %d" % (text, seq))
        if not rows[seq - 1]["hash"].startswith(start):
            raise Broken(seq, "row %d is not the one that anchor %s was made of" % (seq, text))


def public_keys(path):
    try:
        with open(path, encoding="ascii") as lines:
            keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable("the public keys cannot be read: %s" % error)
    if not keys or any(unhex(key, 32) is None for key in keys):
        raise Unreadable("%s is no file of public keys" % path)
    return keys


def fingerprint(public_key):
    digits = hashlib.sha256(public_key.encode()).hexdigest()
    return " ".join(digits[n : n + 4] for n in range(0, 32, 4))


def verify(path, trusted, anchors):
    header, rows, seals, end = load(path)
    keys = {key["key_no"]: key for key in header["keys"]}
    if len(keys) != len(header["keys"]):
        raise Unreadable("a key stands twice in the header")
    check_rows(rows)
    check_keys(keys, rows)
    sealed, key_no = check_seals(keys, rows, seals)
    check_anchors(anchors, rows)
    if trusted and (not seals or keys[key_no]["public_key"] not in trusted):
        raise Broken(1, "the newest seal is not by the public key that was handed in")
    if end != (len(rows), len(seals)):
        raise Unreadable("its last line is missing or counts otherwise: the file was cut")
    print("site     %s, times in UTC, the site is in %s" % (header.get("site"), header.get("zone")))
    print("rows     %d fit" % len(rows))
    print("seals    %d fit, up to row %d; %d rows behind it" % (len(seals), sealed, len(rows) - sealed))
    print("anchors  %d fit" % len(anchors))
    for number in sorted(keys):
        print("key %d    %s" % (number, fingerprint(keys[number]["public_key"])))
    if trusted:
        print("The trail is whole.")
    else:
        print("The trail is whole, if the keys above are the site's: compare them with your note.")


def main():
    what = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("export")
    parser.add_argument("--public-key", metavar="FILE")
    parser.add_argument("--anchor", metavar="MR1-...", action="append", default=[])
    args = parser.parse_args()
    try:
        trusted = public_keys(args.public_key) if args.public_key else []
        verify(args.export, trusted, [parse_anchor(text) for text in args.anchor])
    except Broken as fault:
        print("first bad row %d: %s" % (fault.row, fault))
        return 1
    except Unreadable as error:
        print("%s: %s" % (args.export, error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
