// A journal row as a sentence in the reader's language, from its kind and its parameters.
import type { JournalKind, JournalView } from "../bindings";
import { m } from "../paraglide/messages.js";
import { duration, kgUnit, NONE, signedKg } from "./format";
import { choiceWords, decisionText, differenceWords } from "./words";

type Params = JournalView["params"];

const word = (params: Params, name: string): string => params[name] ?? NONE;

function mass(params: Params, name: string): string {
  const text = params[name];
  return text !== undefined && /^-?\d+$/.test(text) ? kgUnit(Number(text)) : NONE;
}

function change(params: Params, name: string): string {
  const text = params[name];
  return text !== undefined && /^-?\d+$/.test(text) ? `${signedKg(Number(text))} kg` : NONE;
}

const person = (p: Params) => ({ person: word(p, "person") });
const personReason = (p: Params) => ({ person: word(p, "person"), reason: word(p, "reason") });
const slotOf = (p: Params) => ({ slot: word(p, "slot") });
const reason = (p: Params) => ({ reason: word(p, "reason") });

/** A request is done, or the reason says why not. */
function settled(p: Params): string {
  const why = p["reason"];
  if (why !== undefined && why !== "done") return m.journal_slot_not_settled({ ...slotOf(p), reason: why });
  return m.journal_slot_settled({ ...slotOf(p), decision: decisionText(word(p, "decision")) });
}

function seconds(params: Params, name: string): string {
  const text = params[name];
  return text !== undefined && /^\d+$/.test(text) ? duration(Number(text) * 1000) : NONE;
}

const area = (p: Params): string =>
  p["area"] === "manual_weighing" ? m.journal_area_manual_weighing() : m.journal_area_equipment_failure();

/** A stored word in the reader's language; one that this version does not know stays as it is. */
function translated(words: Record<string, () => string>, text: string): string {
  return words[text]?.() ?? text;
}

const SENTENCES: Record<JournalKind, (params: Params) => string> = {
  batch_created: (p) => m.journal_batch_created({ order: word(p, "order") }),
  batch_approved: (p) => m.journal_batch_approved(person(p)),
  batch_rejected: (p) => m.journal_batch_rejected(personReason(p)),
  batch_revoked: (p) => m.journal_batch_revoked(personReason(p)),
  batch_cancelled: (p) => m.journal_batch_cancelled(personReason(p)),
  download_prepared: (p) => m.journal_download_prepared(slotOf(p)),
  download_written: (p) => m.journal_download_written(slotOf(p)),
  download_verified: () => m.journal_download_verified(),
  download_offered: (p) => m.journal_download_offered(slotOf(p)),
  download_taken: (p) => m.journal_download_taken(slotOf(p)),
  download_aborted: (p) => m.journal_download_aborted(reason(p)),
  batch_running: () => m.journal_batch_running(),
  silo_started: (p) => m.journal_silo_started({ silo: word(p, "silo"), planned: mass(p, "planned_g") }),
  silo_finished: (p) => m.journal_silo_finished({
    silo: word(p, "silo"), actual: mass(p, "actual_g"), deviation: change(p, "deviation_g"),
  }),
  pause_requested: (p) => m.journal_pause_requested(personReason(p)),
  batch_paused: () => m.journal_batch_paused(),
  resume_requested: (p) => m.journal_resume_requested(person(p)),
  batch_resumed: () => m.journal_batch_resumed(),
  stop_requested: (p) => m.journal_stop_requested(personReason(p)),
  batch_stopped: (p) => m.journal_batch_stopped({ actual: mass(p, "actual_g") }),
  batch_completed: (p) => m.journal_batch_completed({ actual: mass(p, "actual_g") }),
  batch_failed: () => m.journal_batch_failed(),
  block_refused: (p) => m.journal_block_refused(reason(p)),
  block_healed: () => m.journal_block_healed(),
  batch_held: (p) => m.journal_batch_held(reason(p)),
  batch_unheld: () => m.journal_batch_unheld(),
  ack_written: (p) => m.journal_ack_written(slotOf(p)),
  slot_freed: (p) => m.journal_slot_freed(slotOf(p)),
  batch_note: (p) => m.journal_batch_note({ person: word(p, "person"), text: word(p, "text") }),
  manual_entered: (p) => m.journal_manual_entered({
    person: word(p, "person"), material: word(p, "material"), actual: mass(p, "actual_g"),
  }),
  posting_queued: () => m.journal_posting_queued(),
  posting_posted: () => m.journal_posting_posted(),
  posting_in_doubt: (p) => m.journal_posting_in_doubt(reason(p)),
  posting_refused: (p) => m.journal_posting_refused(reason(p)),
  posting_waived: (p) => m.journal_posting_waived({ reason: p["reason"] ?? "" }),
  posting_by_hand: (p) => m.journal_posting_by_hand({ reason: p["reason"] ?? "" }),
  posting_close_asked: (p) => m.journal_posting_close_asked({ ...personReason(p), message: word(p, "message") }),
  posting_ask_ended: (p) => m.journal_posting_ask_ended({ ...personReason(p), message: word(p, "message") }),
  order_marked_done: (p) => m.journal_order_marked_done({ reason: p["reason"] ?? "" }),
  slot_decided: (p) => m.journal_slot_decided({ ...slotOf(p), ...personReason(p), decision: decisionText(word(p, "decision")) }),
  slot_settled: settled,
  download_withdrawn: (p) => m.journal_download_withdrawn(slotOf(p)),
  slot_healed: (p) => m.journal_slot_healed(slotOf(p)),
  flags_set: (p) => m.journal_flags_set(person(p)),
  plc_rebooted: () => m.journal_plc_rebooted(),
  plc_program_stopped: () => m.journal_plc_program_stopped(),
  plc_program_back: () => m.journal_plc_program_back(),
  plc_maintenance: () => [m.plc_maintenance(), m.plc_cpu_warning()].join(" · "),
  batch_stalled: (p) => m.journal_batch_stalled({ age: seconds(p, "since_s") }),
  batch_moving: () => m.journal_batch_moving(),
  equipment_failure_stored: (p) => m.journal_equipment_failure_stored({ code: word(p, "code"), info: word(p, "info") }),
  manual_weighing_stored: (p) => {
    const weighed = { order: word(p, "order"), product: word(p, "product"), actual: mass(p, "actual_g") };
    return p["reason"] === undefined
      ? m.journal_manual_weighing_stored(weighed)
      : m.journal_manual_weighing_waits({ ...weighed, reason: p["reason"] });
  },
  area_refused: (p) => m.journal_area_refused({ area: area(p), reason: word(p, "reason") }),
  area_healed: (p) => m.journal_area_healed({ area: area(p) }),
  plc_lost: (p) => m.journal_plc_lost(reason(p)),
  plc_back: () => m.journal_plc_back(),
  erp_lost: (p) => m.journal_erp_lost(reason(p)),
  erp_back: () => m.journal_erp_back(),
  guarantee_changed: (p) => (p["guarantee"] === "unique_key"
    ? m.journal_guarantee_unique_key({ version: word(p, "version") })
    : m.journal_guarantee_read_back()),
  orders_imported: (p) => m.journal_orders_imported({ new: word(p, "new"), refused: word(p, "refused"), known: word(p, "known") }),
  order_differs: (p) => m.journal_order_differs({ order: word(p, "order"), what: translated(differenceWords, word(p, "difference")) }),
  order_agrees: (p) => m.journal_order_agrees({ order: word(p, "order") }),
  order_decided: (p) => m.journal_order_decided({
    order: word(p, "order"), person: word(p, "person"), choice: translated(choiceWords, word(p, "choice")), reason: word(p, "reason"),
  }),
  stock_corrected: (p) => m.journal_stock_corrected({
    ...personReason(p), silo: word(p, "silo"), before: mass(p, "before_g"), level: mass(p, "level_g"),
  }),
  deviation_accepted: (p) => m.journal_deviation_accepted({
    ...personReason(p), line: word(p, "line"), planned: mass(p, "planned_g"), actual: mass(p, "actual_g"),
  }),
  handed_over: (p) => {
    const people = { from: word(p, "from"), person: word(p, "person") };
    return p["reason"] ? m.journal_handed_over_note({ ...people, note: p["reason"] }) : m.journal_handed_over(people);
  },
  backup_failed: (p) => m.journal_backup_failed(reason(p)),
  restore_test_failed: (p) => m.journal_restore_test_failed(reason(p)),
  books_writable: (p) => m.journal_books_writable(reason(p)),
  books_restored: (p) => m.journal_books_restored({ file: word(p, "file") }),
};

export function journalText(row: JournalView): string {
  return SENTENCES[row.kind](row.params);
}

/** The badge of rows that tell of something abnormal; most rows have none. */
export function journalBadge(kind: JournalKind): "2" | "3" | "D" | null {
  switch (kind) {
    case "block_refused":
    case "equipment_failure_stored":
    case "area_refused":
    case "batch_held":
    case "batch_failed":
    case "batch_stalled":
      return "2";
    case "posting_refused":
    case "download_aborted":
    case "order_differs":
    case "books_restored":
    case "backup_failed":
    case "restore_test_failed":
    case "books_writable":
    case "guarantee_changed":
      return "3";
    case "plc_lost":
    case "plc_rebooted":
    case "plc_program_stopped":
    case "erp_lost":
    case "posting_in_doubt":
      return "D";
    default:
      return null;
  }
}
