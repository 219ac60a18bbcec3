// The scripted backend's audit trail.
import type { AuditRowView, Commands } from "../src/bindings";
import { MIN, START_MS } from "./mock-world";

type Answers = { [C in keyof Commands]?: (request: Commands[C]["request"]) => Commands[C]["response"] };
interface Parts {
  now: () => number;
  isBroken: boolean;
}

const hash = (seq: number) => Array.from({ length: 64 }, (_, at) => ((seq * 7 + at * 11) % 16).toString(16)).join("");

/** What a check found in the scene "broken". */
export const BROKEN = "row 903 was changed: its content does not fit its hash";

export function auditAnswers({ now, isBroken }: Parts) {
  const row = (seq: number, min: number, actor: string, action: string, object: string, label: string | null, before: object | null, after: object | null, reason = "", station = "panel-1"): AuditRowView => ({
    seq, at_ms: START_MS - min * MIN, actor, action, object, label, before: JSON.stringify(before), after: JSON.stringify(after), reason, station: actor === "system" ? "" : station, hash: hash(seq), signatures: [],
  });
  const sign = (each: AuditRowView, id: number, meaning: AuditRowView["signatures"][number]["meaning"]): AuditRowView => ({
    ...each,
    signatures: [{ id, person: "Sari Wijaya", login: each.actor, site: "north", meaning, word: meaning, at_ms: each.at_ms, reason: each.reason === "" ? null : each.reason, content_hash: hash(id), hash: hash(id + 3), valid: true }],
  });
  const rows = [
    row(1841, 3, "Operator 1", "batch_start", "batch:101", "WH/MO/00042/1", { run: "idle", slot: null }, { run: "downloading", slot: 3 }),
    sign(row(1840, 6, "Supervisor 1", "batch_approve", "batch:101", "WH/MO/00042/1", { release: "pending" }, { release: "approved", signed: [{ id: 74, hash: hash(77) }] }), 74, "approve"),
    sign(row(1839, 8, "Supervisor 1", "setting_set", "setting:plc.poll_live_ms", null, { value: "500" }, { value: "250" }, "smoother bars on the big screen", "192.0.2.17"), 73, "setting_set"),
    row(1838, 14, "system", "posting_posted", "outbox:57", "WH/MO/00041/1", { posting: "sending" }, { posting: "posted" }),
    row(1837, 15, "system", "engine_store_final", "batch:100", "WH/MO/00041/1", { run: "running" }, { run: "complete", finished_g: 1_996_400 }),
    row(1836, 33, "Operator 1", "order_import", "orders", null, null, { seen: 8, new_batches: 3, refused: 2 }),
    row(1835, 41, "Supervisor 1", "batch_reject", "batch:98", "WH/MO/00039/1", { release: "pending" }, { release: "rejected" }, "wrong premix: silo F holds another lot"),
    row(1834, 58, "Operator 1", "session_open", "session", null, null, { roles: ["operator"] }),
  ];
  const key = { key_no: 1, public_key: hash(3), fingerprint: "9C41 77AE 02D5 E8B3", since_ms: START_MS - 40 * 1440 * MIN };
  const sealed = { seal_no: 96, seq: 1838, at_ms: START_MS - 13 * MIN, key_no: 1 };
  return {
    audit_list: ({ actor, action, object }) => ({
      rows: rows.filter((each) => (actor === "" || each.actor === actor) && (action === "" || each.action === action) && (object === "" || each.object === object || each.label === object)),
      next: null, actors: ["Operator 1", "Supervisor 1", "system"], actions: [...new Set(rows.map((each) => each.action))].sort(),
    }),
    audit_chain_get: ({ check }) => ({
      is_checking: check, checked_at_ms: START_MS - 25 * MIN, rows: 1841, unsealed: 3, sealed, anchor: "MR1-1841-7K2M-Q9XD-4TRA", keys: [key], is_sealing: true,
      report: {
        rows: isBroken ? 902 : 1832, seals: isBroken ? 47 : 95, anchors: 1, sealed, head: null, keys: [key], further: [],
        fault: isBroken ? { kind: "row_content", row: 903, message: BROKEN } : null,
      },
    }),
    audit_export: ({ name }) => ({ name: `${name}.jsonl`, path: `/var/lib/millrace/exports/${name}.jsonl`, rows: 1841, seals: 96, records: 74, signatures: 131, sha256: hash(Math.floor(now() / MIN)) }),
  } satisfies Answers;
}
