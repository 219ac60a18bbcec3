#!/usr/bin/env python3
"""Verifies an exported audit trail of Millrace without Millrace, with the batch records and signatures.

Needs Python 3.8 or later and nothing else. It shares no code with the product: hashes, seals and
anchors are computed here from their description, Ed25519 from RFC 8032. It can be read in one go, and
it writes nothing.

    python3 verify_audit.py trail.jsonl [--public-key FILE] [--anchor MR1-...]...

--public-key  public keys that you got another way, one a line; the newest seal must be by one of them
--anchor      an anchor from a label, a batch record or the ERP; may be given several times

Exit code: 0 the trail is whole, 1 it is not (the first bad row is named), 2 it cannot be read.

How it is made
  file        millrace-trail-2: one JSON object a line: header, rows, seals, records, signatures, end.
              millrace-trail-1 had neither records nor signatures and is read still
  text list   each text as its length in bytes (8 bytes, little-endian) and its bytes in UTF-8
  row hash    SHA-256 over the list: "millrace-audit-1" or "-2", hash of the row before (64 zeros for the
              first), seq, at_ms, actor, action, object, before, after, reason; format 2 adds: station
  seal        Ed25519 signature of the list: "millrace-seal-1", site, seal_no, seq, hash, at_ms, cause,
              key_no, public key, signature of the seal before ("" for the first)
  key         told by a row "seal_key_add" of the trail itself; its first seal has the cause "key"
  anchor      MR1-<seq>-<first 16 digits of the row's hash>-<check>; the check is the first 4 digits of the
              SHA-256 over the list: "millrace-anchor-1", "MR1-<seq>-<16 digits>"
  record      what is frozen of a batch, in revisions. Hash: SHA-256 over the list: "millrace-record-1",
              batch_id, revision, at_ms, hash of the revision before ("" for the first), content. A row
              "record_freeze" of "batch:<id>" with the same time tells of each one
  signature   hash: SHA-256 over the list: "millrace-signature-2", id, object_kind, object_id, batch_id ("" =
              none), person_id, login, person, meaning, at_ms, site, "1" and the reason or "0" and "",
              content_hash, hash of the signature before (64 zeros for the first). Format 1 is hashed alike
              with "millrace-signature-1" and carries no hash itself: the next one does. The row
              of the act names it: "signed" in its after is a list of {"hash", "id"}
  content     of what is signed. "batch": content_hash in its record. "act": the hash of the row. Weight by
              hand: SHA-256 over "millrace-manual-weight-1", content_hash of the batch, line_no, material,
              planned_g, actual_g, entered_by, entered_at_ms. "deviation": SHA-256 over "millrace-deviation-1",
              content_hash of the batch, kind, line_no, planned_g, actual_g, as its record lists them.
              "message" and "silo_movement": not in this file, not checked
"""

import argparse
import hashlib
import json
import re
import sys

FORMAT, FORMAT_OLD = "millrace-trail-2", "millrace-trail-1"
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


class Beside(Exception):
    """What does not fit beside the trail, a sentence each."""

    def __init__(self, signatures, records):
        super().__init__((signatures + records)[0])
        self.signatures, self.records = signatures, records


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


NONE = type(None)
FIELDS = {
    "key": {"key_no": int, "site": str, "public_key": str, "since_ms": int, "audit_seq": int},
    "row": {
        "format": int, "seq": int, "at_ms": int, "actor": str, "action": str, "object": str, "before": str,
        "after": str, "reason": str, "station": str, "prev_hash": str, "hash": str,
    },
    "seal": {
        "seal_no": int, "seq": int, "hash": str, "at_ms": int, "cause": str, "key_no": int, "signature": str,
    },
    "record": {
        "batch_id": int, "revision": int, "at_ms": int, "content": str, "prev_hash": str, "hash": str,
        "audit_seq": int,
    },
    "signature": {
        "id": int, "format": int, "object_kind": str, "object_id": int, "batch_id": (int, NONE), "person_id": int,
        "login": str, "person": str, "meaning": str, "at_ms": int, "site": str, "reason": (str, NONE),
        "content_hash": str, "prev_hash": str, "hash": str,
    },
}
KINDS = ["header", "row", "seal", "record", "signature", "end"]


def checked(kind, value, where):
    fields = FIELDS[kind]
    if not isinstance(value, dict) or set(value) - {"kind"} != set(fields):
        raise Unreadable("%s has not the fields of a %s" % (where, kind))
    for name, kind_of in fields.items():
        if type(value[name]) not in (kind_of if type(kind_of) is tuple else (kind_of,)):
            raise Unreadable("%s: %s is of the wrong kind" % (where, name))
        if type(value[name]) is int and not -(2**63) <= value[name] < 2**63:
            raise Unreadable("%s: %s is out of all bounds" % (where, name))
    return value


def no_doubles(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


class Export:
    """An export, read from lines of bytes."""

    def __init__(self, lines):
        self.header, self.end, self.is_old = None, None, False
        self.rows, self.seals, self.records, self.signatures = [], [], [], []
        rank = 0
        for number, line in enumerate(lines, 1):
            where = "line %d" % number
            try:
                value = json.loads(line.decode("utf-8"), object_pairs_hook=no_doubles)
            except UnicodeDecodeError:
                raise Unreadable("%s is no text in UTF-8" % where)
            except ValueError as error:
                raise Unreadable("%s is no JSON: %s" % (where, error))
            kind = value.get("kind") if isinstance(value, dict) else None
            if self.end is not None:
                raise Unreadable("something stands behind its end")
            if kind not in KINDS:
                raise Unreadable("%s is of no known kind" % where)
            if self.header is None:
                self.take_header(value, where)
                continue
            if KINDS.index(kind) < max(rank, 1) or (self.is_old and kind in ("record", "signature")):
                raise Unreadable("%s is not in the order of %s" % (where, FORMAT))
            rank = KINDS.index(kind)
            if kind == "end":
                self.end = [value.get(name, 0) for name in ("rows", "seals", "records", "signatures")]
            else:
                getattr(self, kind + "s").append(checked(kind, value, where))
        if self.header is None:
            raise Unreadable("it is empty")

    def take_header(self, value, where):
        if value["kind"] != "header" or value.get("format") not in (FORMAT, FORMAT_OLD):
            raise Unreadable("it is no export of the form %s" % FORMAT)
        self.header, self.is_old = value, value["format"] == FORMAT_OLD
        if not isinstance(value.get("keys"), list):
            raise Unreadable("%s has no list of keys" % where)
        for key in value["keys"]:
            checked("key", key, where)

    def counts(self):
        return [len(self.rows), len(self.seals), len(self.records), len(self.signatures)]


def load(path):
    try:
        with open(path, "rb") as lines:
            return Export(lines)
    except OSError as error:
        raise Unreadable("it cannot be read: %s" % error)


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


# What stands beside the trail. Every sentence is collected: none of them hides another.


def record_hash(record):
    return sha256(
        "millrace-record-1", record["batch_id"], record["revision"], record["at_ms"], record["prev_hash"],
        record["content"],
    )


def check_records(records, rows):
    """The first fault of each batch: (batch as the trail names it, sentence)."""
    told = {row["seq"]: row for row in rows if row["action"] == "record_freeze"}
    faults = []
    batch, revision, before = None, 0, ""
    for record in records:
        is_in_order = batch is None or batch <= record["batch_id"]
        if batch != record["batch_id"]:
            batch, revision, before = record["batch_id"], 0, ""
        name = "batch:%d" % batch
        row = told.get(record["audit_seq"])
        is_told = (
            row is not None
            and row["object"] == name
            and row["at_ms"] == record["at_ms"]
            and row["after"] == '{"record_hash":"%s","revision":%d}' % (record["hash"], record["revision"])
        )
        if is_told:
            del told[record["audit_seq"]]
        expected = revision + 1
        why = None
        if not is_in_order:
            why = "it stands behind those of a later batch"
        elif record["revision"] > expected:
            why = "it is missing"
        elif record["revision"] < expected:
            why = "it stands where no revision may stand"
        elif record_hash(record) != record["hash"]:
            why = "it was changed: its content does not fit its hash"
        elif record["prev_hash"] != before:
            why = "it does not follow the revision before it"
        elif not is_told:
            why = "the audit trail does not tell of it so"
        if why and not (faults and faults[-1][0] == name):
            faults.append((name, "record of %s, revision %d: %s" % (name, expected, why)))
        revision, before = record["revision"], record["hash"]
    for seq in sorted(told):
        name = told[seq]["object"]
        if all(fault[0] != name for fault in faults):
            said = json_object(told[seq]["after"]).get("revision", 0)
            why = "it is missing: the audit trail tells of it"
            faults.append((name, "record of %s, revision %s: %s" % (name, said, why)))
    return faults


def json_object(text):
    """The object that a text is; an empty one for every other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class Facts:
    """What a batch's newest record says of signatures and of what they stand on."""

    def __init__(self, facts):
        self.recipe_hash, self.weights = facts["content_hash"], {}
        for line in facts["manual"]:
            texts = [line[name] for name in WEIGHT]
            if None not in texts:
                weight = sha256("millrace-manual-weight-1", self.recipe_hash, *texts)
                self.weights[line["line_no"]] = weight
        # Content of before there were any does not tell of them.
        self.deviations = None if "deviations" not in facts else {
            sha256("millrace-deviation-1", self.recipe_hash, *[line[name] for name in DEVIATION])
            for line in facts["deviations"]
        }
        self.signatures = [short(one) for one in facts["signatures"]]


DEVIATION = ["kind", "line_no", "planned_g", "actual_g"]
WEIGHT = ["line_no", "material", "planned_g", "actual_g", "entered_by", "entered_at_ms"]


def short(signature):
    return tuple(signature[name] for name in ("person", "meaning", "at_ms", "reason", "content_hash"))


def signature_hash(signature, before):
    if signature["format"] not in (1, 2):
        return None
    batch, reason = signature["batch_id"], signature["reason"]
    return sha256(
        "millrace-signature-%d" % signature["format"], signature["id"], signature["object_kind"],
        signature["object_id"], "" if batch is None else batch, signature["person_id"], signature["login"],
        signature["person"], signature["meaning"], signature["at_ms"], signature["site"],
        "0" if reason is None else "1", reason or "", signature["content_hash"], before,
    )


def signed_content(signature, facts, hashes):
    """The content hash of what it stands on, its own where the file does not tell, None where that is gone."""
    kind, number, own = signature["object_kind"], signature["object_id"], signature["content_hash"]
    if kind in ("message", "silo_movement"):
        return own
    if kind == "act":
        return hashes.get(number)
    if kind == "batch":
        return facts[number].recipe_hash if number in facts else own
    if kind == "manual_line":
        batch = facts.get(signature["batch_id"])
        return batch.weights.get(number) if batch else own
    if kind == "deviation":
        batch = facts.get(signature["batch_id"])
        if batch is None or batch.deviations is None:
            return own
        return own if own in batch.deviations else None
    return None


ALWAYS_SIGNED = ("batch_approve", "batch_reject", "batch_revoke", "batch_stop", "batch_cancel")


def check_signatures(signatures, rows, facts):
    found, by_number = [], {}
    head, last, newest_format = GENESIS, 0, 1
    hashes = {row["seq"]: row["hash"] for row in rows}
    acts = {(row["at_ms"], row["actor"]) for row in rows}
    for one in signatures:
        name = "signature %d (%s by %s)" % (one["id"], one["meaning"], one["person"])
        thing = "the %s %d" % (one["object_kind"], one["object_id"])
        if one["id"] > last + 1:
            found.append("signature %d is not there; %s follows" % (last + 1, name))
        elif one["id"] <= last:
            found.append("%s stands where none may stand" % name)
        if one["format"] < newest_format or one["format"] not in (1, 2):
            found.append("%s has format %d, which cannot be" % (name, one["format"]))
        elif one["format"] == 1 and (one["hash"] or one["prev_hash"]):
            found.append("%s is not as it was signed" % name)
        elif one["format"] == 2 and signature_hash(one, one["prev_hash"]) != one["hash"]:
            found.append("%s is not as it was signed" % name)
        elif one["format"] == 2 and one["prev_hash"] != head:
            found.append(
                "%s does not follow the signature before it: one was changed, added or taken away" % name
            )
        content = signed_content(one, facts, hashes)
        if content is None:
            found.append("%s: %s that it stands on is not in the books" % (name, thing))
        elif content != one["content_hash"]:
            found.append("%s: %s is not as it was when it was signed" % (name, thing))
        if one["format"] == 2 and (one["at_ms"], one["login"]) not in acts:
            found.append("%s: the trail does not tell of it" % name)
        head = one["hash"] if one["format"] == 2 else signature_hash(one, head) or ""
        last, newest_format = one["id"], one["format"]
        by_number[one["id"]] = one["hash"]
    signed = {(one["at_ms"], "batch:%s" % one["batch_id"]) for one in signatures}
    for row in rows:
        if row["action"] in ALWAYS_SIGNED and (row["at_ms"], row["object"]) not in signed:
            found.append("row %d of the trail (%s of %s) has no signature" % (row["seq"], row["action"], row["object"]))
    named = set()
    for row in rows:
        signed = json_object(row["after"]).get("signed")
        for name in signed if isinstance(signed, list) else []:
            name = name if isinstance(name, dict) else {}
            number = name.get("id") if type(name.get("id")) is int else 0
            teller = "row %d of the trail (%s of %s)" % (row["seq"], row["action"], row["object"])
            named.add(number)
            if number not in by_number:
                found.append("signature %d is not there; %s names it" % (number, teller))
            elif name.get("hash") != by_number[number]:
                found.append("signature %d is not the one that %s names" % (number, teller))
    for one in signatures:
        # Older than the first that is named is older than the naming.
        if one["format"] == 2 and named and one["id"] > min(named) and one["id"] not in named:
            found.append(
                "signature %d (%s by %s): no row of the trail names it" % (one["id"], one["meaning"], one["person"])
            )
    return found


def check_beside(export):
    faults = check_records(export.records, export.rows)
    facts = {}
    for record in export.records:
        if record_hash(record) == record["hash"]:
            try:
                facts[record["batch_id"]] = Facts(json.loads(record["content"])["facts"])
            except (ValueError, KeyError, TypeError):
                pass  # It is no record, and the trail does not tell of it.
    found = [sentence for _, sentence in faults]
    for batch in sorted(facts):
        name = "batch:%d" % batch
        told = [short(one) for one in export.signatures if one["batch_id"] == batch]
        if all(fault[0] != name for fault in faults) and told != facts[batch].signatures:
            found.append("%s: the signatures are not those that its record froze" % name)
    signatures = check_signatures(export.signatures, export.rows, facts)
    if signatures or found:
        raise Beside(signatures, found)


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


def verify(export, trusted, anchors):
    """Answers the last row that a seal covers; raises what does not fit."""
    keys = {key["key_no"]: key for key in export.header["keys"]}
    if len(keys) != len(export.header["keys"]):
        raise Unreadable("a key stands twice in the header")
    check_rows(export.rows)
    check_keys(keys, export.rows)
    sealed, key_no = check_seals(keys, export.rows, export.seals)
    check_anchors(anchors, export.rows)
    if trusted and (not export.seals or keys[key_no]["public_key"] not in trusted):
        raise Broken(1, "the newest seal is not by the public key that was handed in")
    if not export.is_old:
        check_beside(export)
    if export.end != export.counts():
        raise Unreadable("its last line is missing or counts otherwise: the file was cut")
    return sealed


def tell(export, sealed, trusted, anchors):
    header, (rows, seals, records, signatures) = export.header, export.counts()
    print("site     %s, times in UTC, the site is in %s" % (header.get("site"), header.get("zone")))
    print("rows     %d fit" % rows)
    print("seals    %d fit, up to row %d; %d rows behind it" % (seals, sealed, rows - sealed))
    print("anchors  %d fit" % len(anchors))
    if export.is_old:
        print("records and signatures are not in this file: it is of the form %s" % FORMAT_OLD)
    else:
        print("records  %d fit" % records)
        print("signed   %d signatures fit" % signatures)
    for key in sorted(header["keys"], key=lambda key: key["key_no"]):
        print("key %d    %s" % (key["key_no"], fingerprint(key["public_key"])))
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
        anchors = [parse_anchor(text) for text in args.anchor]
        export = load(args.export)
        sealed = verify(export, trusted, anchors)
        tell(export, sealed, trusted, anchors)
    except Broken as fault:
        print("first bad row %d: %s" % (fault.row, fault))
        return 1
    except Beside as faults:
        for sentence in faults.signatures:
            print("wrong signature: %s" % sentence)
        for sentence in faults.records:
            print("wrong record: %s" % sentence)
        return 1
    except Unreadable as error:
        print("%s: %s" % (args.export, error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
