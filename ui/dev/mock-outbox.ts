// The scripted backend's messages for the ERP.
import type { Commands, ErpStep, OutboxAskedView, OutboxRowView, OutboxTab, OutboxView } from "../src/bindings";
import type { World } from "./mock-world";

type Answers = { [C in keyof Commands]?: (request: Commands[C]["request"]) => Commands[C]["response"] };
const TABS: Record<OutboxTab, string[]> = {
  waiting: ["queued", "sending"], in_doubt: ["in_doubt"], refused: ["refused"], posted: ["posted"], closed_by_hand: ["waived", "by_hand"],
};
const STEPS: ErpStep[] = ["settings", "plain_http", "dns", "connect", "tls", "is_odoo", "database", "log_in", "version", "rights", "clock"];

export function outboxAnswers({ world, now, isErpGood, isFourEyes = false }: { world: World; now: () => number; isErpGood: boolean; isFourEyes?: boolean }) {
  const closed = new Map<number, "by_hand" | "waived">();
  const asked = new Map<number, OutboxAskedView>();
  const rows = (): OutboxRowView[] =>
    world.batches.filter((batch) => batch.row.posting !== "not_due").reverse().map((batch, index) => {
      const isStuck = !isErpGood && index < 6;
      const state = closed.get(91 - index) ?? (isStuck ? (index === 2 ? "refused" : "queued") : batch.row.posting);
      return {
        asked: asked.get(91 - index) ?? null, needs_two: isFourEyes && state === "refused" && !asked.has(91 - index), id: 91 - index, kind: "consumption", batch_id: batch.row.id, batch_label: batch.row.label, state, attempts: isStuck ? 3 : 1,
        next_at_ms: state === "queued" ? now() + 90_000 : null, created_at_ms: batch.row.ended_at_ms ?? 0, last_answer: isStuck ? "connect timeout" : "booked and read back equal",
        payload: batch.doses.map((dose) => `silo${dose.silo}  ${(dose.actual ?? 0).toFixed(2)} kg`).join("\n"),
      };
    });
  const view = (id: number): OutboxView => {
    const row = rows().find((each) => each.id === id);
    if (row === undefined) throw { code: "not_found", message: "no such message", ref: null };
    const batch = world.find(row.batch_id ?? 0);
    const isPosted = row.state === "posted";
    return {
      row, content_hash: "c07be4198d3250aa", key: `mock:1:${row.batch_id}:consumption:1`, confirmed_at_ms: isPosted ? row.created_at_ms + 4_000 : null, our_finished_g: 998_400, erp_finished_g: isPosted ? 998_400 : null,
      lines: batch.doses.map((dose) => ({
        erp_code: `silo${dose.silo}`, material: "", planned_g: dose.plan * 1000, ours_g: Math.round((dose.actual ?? 0) * 1000), erp_g: isPosted ? Math.round((dose.actual ?? 0) * 1000) : null,
        is_cut: false, is_proved: isPosted ? true : null,
      })),
      items: row.state === "refused" ? [{ text: "silo102: Equipment not found", fate: "permanent" }] : [], attempt_count: isPosted ? 1 : 113,
      attempts: [
        ...(isPosted ? [] : [{ number: 2, act: "read_back" as const, began_at_ms: row.created_at_ms + 4_000, ended_at_ms: row.created_at_ms + 9_000, outcome: "in_doubt" as const, answer: "no answer within 5 s", times: 112, last_at_ms: row.created_at_ms + 7_200_000 }]),
        { number: 1, act: "send", began_at_ms: row.created_at_ms, ended_at_ms: row.created_at_ms + 900, outcome: isPosted ? "posted" : "not_sent", answer: row.last_answer, times: 1, last_at_ms: null },
      ],
    };
  };
  const shut = (id: number, state: "by_hand" | "waived") => {
    closed.set(id, state);
    return view(id);
  };
  /** As a site does where two persons close a message: the first signature asks. */
  const sign = ({ id, reason }: { id: number; reason: string }, close: OutboxAskedView["close"]) => {
    if (!isFourEyes || asked.delete(id)) return shut(id, close === "waive" ? "waived" : "by_hand");
    asked.set(id, { signature: 71, close, person: "Sari Wijaya", login: "Sari", at_ms: now() - 4 * 60_000, reason });
    return view(id);
  };
  return {
    outbox_list: ({ tab }) => {
      const all = rows();
      const of = (name: OutboxTab) => all.filter((row) => TABS[name].includes(row.state));
      const counts = { waiting: of("waiting").length, in_doubt: of("in_doubt").length, refused: of("refused").length, posted: of("posted").length, closed_by_hand: of("closed_by_hand").length };
      return { rows: tab === null ? all : of(tab), has_more: false, counts, gate: isErpGood ? null : { since_ms: now() - 810_000, next_at_ms: now() + 140_000, failures: 9, reason: "the ERP cannot be reached: connect timeout" } };
    },
    outbox_get: ({ id }) => view(id),
    outbox_retry: ({ id }) => view(id),
    outbox_by_hand: (request) => sign(request, "by_hand"),
    outbox_waive: (request) => sign(request, "waive"),
    outbox_decline: ({ id }) => {
      asked.delete(id);
      return view(id);
    },
    erp_get: () => ({
      settings: { address: "https://erp.example", database: "production", login: "millrace", connector: "odoo_addon", mark_done: "by_person", posts_per_second_max: "5" },
      off_cause: null, version: null, guarantee: { kind: "read_back" }, link: { state: isErpGood ? "good" : "lost", age_ms: 800, since_ms: now() - 60_000, cause: isErpGood ? null : "connect timeout" },
    }),
    erp_examine: () => ({
      at_ms: now(), is_sound: isErpGood, answered: isErpGood ? "Odoo 14.0" : null,
      steps: STEPS.map((step, index) => ({ step, outcome: isErpGood || index < 3 ? "ok" : index === 3 ? "failed" : "skipped", text: !isErpGood && index === 3 ? "the ERP cannot be reached: connect timeout" : "" })),
    }),
  } satisfies Answers;
}
