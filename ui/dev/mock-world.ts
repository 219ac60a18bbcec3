// The made-up plant of the mock host: silos, batches and signatures, and how they change.
// Only for looking at screens without a backend; the product build never holds it.
import type {
  ActionView, BatchLineView, BatchRowView, BatchView, BatchWord, DeviationView, JournalKind, JournalView, PostingView, RunState, SignatureView, SiloView,
} from "../src/bindings";

export const START_MS = Date.UTC(2026, 10, 22, 3, 31, 22);
export const MIN = 60_000;

const SILOS: [number, string, string, number, number, number][] = [
  [101, "A", "Wheat 72", 13_400, 9_112, 1_300], [102, "B", "Corn meal", 18_000, 14_400, 1_800], [103, "C", "Soy 46", 12_000, 4_920, 1_200],
  [104, "D", "Bran", 6_000, 2_640, 600], [105, "E", "Lime", 2_500, 1_300, 250], [106, "F", "Salt", 2_000, 1_100, 200],
  [107, "G", "DDGS", 22_000, 14_960, 2_200], [108, "H", "Corn germ", 18_000, 16_200, 1_800], [109, "I", "Palm kernel", 16_000, 7_520, 1_600],
  [110, "J", "Coffee husk", 12_000, 6_960, 1_200], [111, "K", "Rice bran", 12_000, 2_640, 1_200], [112, "L", "Kapok seed", 10_000, 7_400, 1_000],
  [113, "M", "Barley", 8_000, 4_880, 800], [114, "LQ114", "Molasses", 9_000, 4_500, 900], [115, "LQ115", "FML", 6_000, 2_100, 600],
];
const MATERIAL = new Map(SILOS.map(([silo, label, material]) => [silo, { label, material }]));

export interface Dose { silo: number; plan: number; actual: number | null }
export interface Batch {
  row: BatchRowView;
  doses: Dose[];
  manual: { material: string; plan: number; actual: number | null; by: string | null; at: number | null }[];
  signatures: SignatureView[];
  events: JournalView[];
  steps: (number | null)[];
  posting: PostingView;
  since: number;
  /** Accepted deviations by silo. */
  accepted: Map<number, SignatureView>;
}

const PLAN: Dose[] = [
  { silo: 101, plan: 825, actual: null }, { silo: 102, plan: 600, actual: null }, { silo: 103, plan: 420, actual: null },
  { silo: 104, plan: 310, actual: null }, { silo: 105, plan: 95, actual: null }, { silo: 106, plan: 40, actual: null }, { silo: 114, plan: 60, actual: null },
];
const NO_POSTING: PostingView = {
  state: "not_due", attempts: 0, next_at_ms: null, confirmed_at_ms: null, last_answer: null, read_back: [], erp_finished_g: null, our_finished_g: null,
};
let seq = 400;
let signatures = 60;

export function event(batch: Batch | null, at_ms: number, kind: JournalKind, params: Record<string, string> = {}): JournalView {
  const row: JournalView = { seq: ++seq, at_ms, batch_id: batch?.row.id ?? null, batch_label: batch?.row.label ?? null, kind, params };
  batch?.events.unshift(row);
  return row;
}

export function sign(batch: Batch, meaning: SignatureView["meaning"], person: string, at_ms: number, reason: string | null): void {
  const id = ++signatures;
  batch.signatures.push({
    id, person: person === "Supervisor 1" ? "Sari Wijaya" : person, login: person, site: "north", meaning, word: meaning, at_ms, reason, content_hash: batch.row.content_hash,
    hash: `9b1e${(id * 6151).toString(16).padStart(8, "0")}77c0`, valid: true,
  });
  batch.row.version += 1;
}

function make(id: number, order: string, product: string, doses: Dose[], word: BatchWord, at: number): Batch {
  const planned_g = doses.reduce((sum, dose) => sum + dose.plan * 1000, 0);
  return {
    row: {
      id, label: `${order}/1`, order_name: order, product, word, release: word === "pending" ? "pending" : word === "rejected" ? "rejected" : "approved",
      run: "idle", posting: "not_due", held: false, version: 1, content_hash: `3f9a${(id * 7919).toString(16).padStart(6, "0")}c41d77e2`, planned_g,
      actual_g: null, deviation_bp: null, due_ms: at + 70 * MIN, created_at_ms: at, approved_at_ms: null, approved_by: null, started_at_ms: null,
      ended_at_ms: null, slot: null, shortages: [], order_differs: false,
    },
    doses: doses.map((dose) => ({ ...dose })), manual: [], signatures: [], events: [], steps: [null, null, null, null, null], posting: NO_POSTING, since: at, accepted: new Map(),
  };
}

export function approve(batch: Batch, person: string, at: number): void {
  sign(batch, "approve", person, at, null);
  Object.assign(batch.row, { word: "approved", release: "approved", approved_at_ms: at, approved_by: person });
  event(batch, at, "batch_approved", { person });
}

export function finish(batch: Batch, at: number, run: RunState, word: BatchWord): void {
  const actual_g = Math.round(batch.doses.reduce((sum, dose) => sum + (dose.actual ?? 0) * 1000, 0));
  Object.assign(batch.row, { run, word, actual_g, ended_at_ms: at, slot: null, posting: "queued", deviation_bp: Math.round(((actual_g - batch.row.planned_g) * 10_000) / batch.row.planned_g) });
  batch.posting = { ...NO_POSTING, state: "queued", next_at_ms: at + MIN };
  event(batch, at, word === "stopped" ? "batch_stopped" : "batch_completed", { actual_g: String(actual_g) });
  event(batch, at, "posting_queued");
}

export function post(batch: Batch, at: number): void {
  batch.row.posting = "posted";
  batch.posting = {
    state: "posted", attempts: 1, next_at_ms: null, confirmed_at_ms: at, last_answer: "updated 7 items", our_finished_g: 2_338_000, erp_finished_g: 2_338_000,
    read_back: batch.doses.map((dose) => {
      const ours_g = Math.round((dose.actual ?? 0) * 100) * 10;
      return { erp_code: dose.silo >= 114 ? `lq${dose.silo}` : `silo${dose.silo}`, ours_g, erp_g: Math.min(ours_g, dose.plan * 1000), is_cut: ours_g > dose.plan * 1000 };
    }),
  };
  event(batch, at, "posting_posted");
}

export class World {
  silos: SiloView[] = SILOS.map(([silo, label, material, capacity, level, low], index) => ({
    silo, label, erp_code: silo >= 114 ? `lq${silo}` : `silo${silo}`, material, is_liquid: silo >= 114, capacity_g: capacity * 1000, low_g: low * 1000,
    max_dose_g: 1_500_000, level_g: level * 1000, next_need_g: (PLAN.find((dose) => dose.silo === silo)?.plan ?? 0) * 2_000, hours_to_low: index % 3 === 2 ? null : 5 + index,
    spark_g: Array.from({ length: 60 }, (_, at) => (level + (59 - at) * (index % 4) * 9) * 1000), moved_at_ms: START_MS - index * 7 * MIN,
  }));
  batches: Batch[] = [];

  constructor(isEmpty: boolean) {
    if (isEmpty) return;
    for (let back = 14; back >= 1; back -= 1) {
      const at = START_MS - back * 42 * MIN;
      const batch = make(100 - back, `WH/MO/${String(42 - back).padStart(5, "0")}`, back % 3 === 0 ? "[10110] Broiler starter" : "[10092] Layer feed 16", PLAN, "completed", at - 30 * MIN);
      approve(batch, "Supervisor 1", at - 20 * MIN);
      batch.steps = [1, 2, 3, 4, 9].map((second) => at + second * 1000);
      batch.doses.forEach((dose, index) => (dose.actual = Math.round(dose.plan * (1 + (((index * 7 + back * 3) % 9) - 4) / 900) * 100) / 100));
      Object.assign(batch.row, { started_at_ms: at });
      event(batch, at + 10_000, "batch_running");
      batch.doses.forEach((dose, index) => event(batch, at + (index + 1) * 5 * MIN, "silo_finished", {
        silo: MATERIAL.get(dose.silo)?.label ?? "", actual_g: String(Math.round((dose.actual ?? 0) * 1000)), deviation_g: String(Math.round(((dose.actual ?? 0) - dose.plan) * 1000)),
      }));
      finish(batch, at + 38 * MIN, back === 6 ? "stopped" : "complete", back === 6 ? "stopped" : "completed");
      post(batch, at + 39 * MIN);
      this.batches.push(batch);
    }
    const running = make(100, "WH/MO/00042", "[10092] Layer feed 16", PLAN, "approved", START_MS - 90 * MIN);
    approve(running, "Supervisor 1", START_MS - 33 * MIN);
    this.batches.push(running);
    const next = make(101, "WH/MO/00043", "[10092] Layer feed 16", PLAN, "pending", START_MS - 50 * MIN);
    approve(next, "Supervisor 1", START_MS - 12 * MIN);
    const third = make(102, "WH/MO/00044", "[10110] Broiler starter", [{ silo: 101, plan: 640, actual: null }, { silo: 103, plan: 540, actual: null }, { silo: 104, plan: 410, actual: null }, { silo: 107, plan: 210, actual: null }, { silo: 115, plan: 40, actual: null }], "pending", START_MS - 38 * MIN);
    third.manual = [{ material: "CaCO3", plan: 12, actual: null, by: null, at: null }, { material: "Salt", plan: 3.5, actual: null, by: null, at: null }];
    const fourth = make(103, "WH/MO/00047", "[10188] Dairy mash, pelleted 6 mm", [{ silo: 102, plan: 1200, actual: null }, { silo: 107, plan: 900, actual: null }, { silo: 108, plan: 700, actual: null }, { silo: 114, plan: 200, actual: null }], "pending", START_MS - 4 * MIN);
    this.batches.push(next, third, fourth);
  }

  find(id: number): Batch {
    const batch = this.batches.find((each) => each.row.id === id);
    if (batch === undefined) throw { code: "not_found", message: `no batch ${id}` };
    return batch;
  }

  line(dose: Dose, isFinal: boolean): BatchLineView {
    const silo = this.silos.find((each) => each.silo === dose.silo);
    const actual_g = dose.actual === null ? null : Math.round(dose.actual * 100) * 10;
    const planned_g = dose.plan * 1000;
    const band = Math.max(planned_g * 0.05, 2_000);
    const isOver = actual_g !== null && actual_g > planned_g + band;
    return {
      silo: dose.silo, label: silo?.label ?? "", material: silo?.material ?? "", planned_g, low_g: planned_g - band, high_g: planned_g + band, actual_g,
      deviation_bp: isFinal && actual_g !== null ? Math.round(((actual_g - planned_g) * 10_000) / planned_g) : null,
      judgement: isFinal && actual_g !== null ? (isOver ? "over" : actual_g < planned_g - band ? "under" : "within") : null, have_g: silo?.level_g ?? null,
    };
  }

  /** What ended outside its tolerance, with who accepted it. */
  deviations(batch: Batch): DeviationView[] {
    if (batch.row.ended_at_ms === null) return [];
    return batch.doses.flatMap((dose) => {
      const { silo, label, material, planned_g, low_g, high_g, deviation_bp, judgement, actual_g } = this.line(dose, true);
      if (judgement === null || judgement === "within" || actual_g === null) return [];
      return [{ kind: "silo" as const, line_no: silo, label, material, planned_g, actual_g, low_g, high_g, deviation_bp, judgement, accepted: batch.accepted.get(silo) ?? null }];
    });
  }

  view(batch: Batch, rights: readonly string[], isPlcGood: boolean): BatchView {
    const { row } = batch;
    const isLive = row.run === "running" || row.run === "ready" || row.run === "paused";
    const isPlcBusy = this.batches.some((each) => ["downloading", "ready", "running", "paused"].includes(each.row.run));
    const action = (command: string, right: string, role: string, isState: boolean, why: ActionView["why_not"] = null): ActionView => {
      const why_not: ActionView["why_not"] = !isState ? { code: "wrong_state" } : rights.includes(right) ? why : { code: "needs_right", role };
      return { command, allowed: why_not === null, why_not };
    };
    const offline = isPlcGood ? null : ({ code: "plc_offline" } as const);
    const isWaiting = row.run === "idle" && (row.word === "pending" || row.word === "approved");
    return {
      row, line: "Line 1", lines: batch.doses.map((dose) => this.line(dose, row.ended_at_ms !== null)),
      manual_lines: batch.manual.map((line, index) => ({
        line_no: index + 1, material: line.material, planned_g: line.plan * 1000, actual_g: line.actual === null ? null : line.actual * 1000, entered_by: line.by, entered_at_ms: line.at,
      })),
      deviations: this.deviations(batch),
      signatures: batch.signatures,
      steps: (["prepared", "written", "verified", "offered", "taken"] as const).map((step, index) => ({ step, at_ms: batch.steps[index] ?? null })),
      events: batch.events, posting: batch.posting, finished_g: row.ended_at_ms === null ? null : 2_338_000,
      order_difference: null,
      lot_notes: row.id === 102 ? [{ product: "Molasses", want: { kind: "none" } }, { product: row.product, want: { kind: "finished" } }] : [],
      plc_texts: row.product.length > 16 ? [{ full: row.product, in_plc: row.product.slice(0, 16) }] : [],
      actions: [
        action("batch_approve", "batch_approve", "supervisor", row.word === "pending"), action("batch_reject", "batch_reject", "supervisor", row.word === "pending"),
        action("batch_start", "batch_start", "operator", row.word === "approved" && row.run === "idle", offline ?? (isPlcBusy ? { code: "order_in_plc" } : null)),
        action("batch_revoke", "batch_reject", "supervisor", row.word === "approved" && row.run === "idle"), action("batch_cancel", "batch_cancel", "supervisor", isWaiting),
        action("batch_pause", "batch_pause", "operator", row.run === "running" || row.run === "ready", offline), action("batch_resume", "batch_pause", "operator", row.run === "paused", offline),
        action("batch_stop", "batch_stop", "operator", isLive, offline), action("batch_deviation_accept", "deviation_accept", "supervisor", this.deviations(batch).some((line) => line.accepted === null)), action("manual_line_enter", "manual_enter", "operator", batch.steps[4] !== null),
      ],
    };
  }
}
