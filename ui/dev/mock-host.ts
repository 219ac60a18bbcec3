// A scripted backend for looking at the screens: `npm run dev:mock`, then `?scene=<name>` in the address.
// Scenes: run (default), over, stale, bad, plclost, erplost, download, idle, empty, first, plant, lost; of the PLC: differ, standing, never, bare, noplc; of people: people, onetime; of results: deviations; of the disk: full.
import type {
  AppInfo, AttentionView, Commands, JournalView, LiveBatch, LiveView, MovementView, OverviewView, Role, SessionView,
} from "../src/bindings";
import type { AppEvent, Host } from "../src/lib/host/types";
import { outboxAnswers } from "./mock-outbox";
import { auditAnswers, BROKEN } from "./mock-audit";
import { backupAnswers } from "./mock-backup";
import { personAnswers } from "./mock-people";
import { plcAnswers } from "./mock-plc";
import { settingsAnswers } from "./mock-settings";
import { approve, event, finish, MIN, post, sign, START_MS, World, type Batch } from "./mock-world";

const scene = new URLSearchParams(window.location.search).get("scene") ?? "run";
const isEmpty = scene === "empty" || scene === "first";
const world = new World(isEmpty);
const born = performance.now();
const now = () => Math.round(START_MS + (performance.now() - born));
const isPlcGood = scene !== "plclost";
const isErpGood = scene !== "erplost" && scene !== "over" && scene !== "foureyes";

const RIGHTS: Record<Role, SessionView["rights"]> = {
  viewer: ["view"],
  operator: ["view", "order_import", "batch_start", "batch_pause", "batch_stop", "manual_enter", "outbox_retry", "plc_examine", "erp_examine", "train"],
  supervisor: ["view", "order_import", "batch_approve", "batch_reject", "batch_start", "batch_pause", "batch_stop", "batch_cancel", "manual_enter", "outbox_retry", "outbox_waive", "plc_decide", "order_decide", "deviation_accept", "stock_correct", "plc_examine", "erp_examine", "train", "audit_view"],
  planner: ["view", "order_import", "batch_cancel", "erp_examine"],
  maintenance: ["view", "plc_examine", "erp_examine", "train", "backup_make"],
  auditor: ["view", "audit_view", "audit_export"],
  admin: ["view", "plc_examine", "erp_examine", "train", "person_manage", "audit_view", "audit_export", "backup_make", "settings_change"],
  super_admin: [
    "view", "order_import", "batch_approve", "batch_reject", "batch_start", "batch_pause", "batch_stop", "batch_cancel", "manual_enter", "deviation_accept", "stock_correct",
    "outbox_retry", "outbox_waive", "plc_decide", "order_decide", "plc_examine", "erp_examine", "train", "person_manage", "audit_view", "audit_export", "backup_make", "settings_change",
  ],
};
const PEOPLE: AppInfo["demo_people"] = [
  { name: "Operator 1", role: "operator", secret: "amber-mill-27" }, { name: "Supervisor 1", role: "supervisor", secret: "quiet-silo-64" },
  { name: "Administrator 1", role: "super_admin", secret: "steel-chute-18" },
];
const TOKEN = "mock-session";
let user: { name: string; role: Role } = { name: "Operator 1", role: "operator" };
let isOneTime = scene === "onetime";
let active: Batch | null = null;
let pending: LiveBatch["pending"] = null;
let revision = 1;
const plantEvents: JournalView[] = [];
function counted(silo: { silo: number; label: string; level_g: number | null }, delta_g: number, at_ms: number, person: string, reason: string): MovementView {
  return {
    seq: 0, at_ms, silo: silo.silo, label: silo.label, kind: "correction", delta_g, level_g: silo.level_g ?? 0, batch_id: null, batch_label: null,
    signature: { id: 31, person, login: person, site: "demo", meaning: "stock_correct", word: "stock_correct", at_ms, reason, content_hash: "9f3c51d07ab2".repeat(5), hash: "c07b1e5d92fa".repeat(5), valid: true },
  };
}
const counts: MovementView[] = world.silos.slice(2, 3).map((silo) => counted(silo, -36_500, START_MS - 42 * MIN, "Supervisor 1", "counted with the dipstick after the delivery"));
const watchers = new Set<(event: AppEvent) => void>();

function refuse(code: string, message: string): never {
  throw { code, message, ref: "m-0001" };
}

if (!isEmpty && scene !== "idle" && scene !== "deviations") {
  active = world.find(100);
  const { row } = active;
  const isDownload = scene === "download";
  row.started_at_ms = isDownload ? now() : START_MS - 19 * MIN;
  row.run = isDownload ? "downloading" : "running";
  row.word = "in_process";
  row.slot = 3;
  active.since = isDownload ? now() : START_MS - 18 * MIN - 42_000;
  if (!isDownload) {
    active.steps = [1, 2, 3, 4, 10].map((second) => START_MS - 19 * MIN + second * 1000);
    [825.5, 600.3, scene === "over" ? 444.2 : 421.1, 188, 0, 0, 0].forEach((actual, index) => {
      const dose = active?.doses[index];
      if (dose !== undefined) dose.actual = actual;
    });
    event(active, START_MS - 11 * MIN, "silo_finished", { silo: "A", actual_g: "825500", deviation_g: "500" });
    event(active, START_MS - 7 * MIN, "silo_finished", { silo: "B", actual_g: "600300", deviation_g: "300" });
    if (!isErpGood) event(active, START_MS - 4 * MIN, "erp_lost", { reason: "connect timeout" });
    event(active, START_MS - 41_000, "silo_finished", scene === "over" ? { silo: "C", actual_g: "444200", deviation_g: "24200" } : { silo: "C", actual_g: "421100", deviation_g: "1100" });
    event(active, START_MS - 15_000, "silo_started", { silo: "D", planned_g: "310000" });
  }
} else if (!isEmpty) {
  // Nothing runs: the 42nd is done as well.
  const last = world.find(100);
  last.doses.forEach((dose, index) => (dose.actual = Math.round(dose.plan * (1 + (index - 3) / 800) * 100) / 100));
  last.row.started_at_ms = START_MS - 40 * MIN;
  last.steps = [1, 2, 3, 4, 10].map((second) => START_MS - 40 * MIN + second * 1000);
  last.doses.forEach((dose, index) => event(last, START_MS - (30 - index * 4) * MIN, "silo_finished", {
    silo: world.line(dose, true).label, actual_g: String((dose.actual ?? 0) * 1000), deviation_g: String(Math.round(((dose.actual ?? 0) - dose.plan) * 1000)),
  }));
  finish(last, START_MS - 3 * MIN, "complete", "completed");
  post(last, START_MS - 2 * MIN);
}
if (scene === "over" || scene === "deviations") {
  for (const batch of scene === "over" ? [world.find(99)] : [world.find(99), world.find(100)]) {
    [462.3, 310, 84.9].forEach((actual, index) => Object.assign(batch.doses[index + 2] ?? {}, { actual }));
  }
  const older = world.find(99);
  sign(older, "deviation_accept", "Supervisor 1", START_MS - 30 * MIN, "scale 3 was calibrated, the mix is within the order");
  const signature = older.signatures.at(-1);
  if (signature !== undefined && scene === "deviations") older.accepted.set(103, signature);
}
if (scene === "over") {
  const bran = world.silos.find((silo) => silo.label === "D");
  if (bran !== undefined) bran.level_g = 560_000;
  world.find(102).row.shortages = [{ silo: 104, label: "D", need_g: 410_000, have_g: 320_000 }];
}

function advance(ms: number): void {
  if (active === null) return;
  const { row } = active;
  if (row.run === "downloading") {
    const step = active.steps.findIndex((at) => at === null);
    const since = now() - (row.started_at_ms ?? 0);
    if (step >= 0 && since > (step + 1) * 700) active.steps[step] = now();
    if (step === 4 && active.steps[4] !== null) Object.assign(row, { run: "ready" });
    revision += 1;
    return;
  }
  if (row.run === "ready") row.run = "running";
  if (pending !== null && pending.sent_at_ms === null && now() - pending.asked_at_ms > 600) pending = { ...pending, sent_at_ms: now() };
  else if (pending !== null && pending.sent_at_ms !== null && now() - pending.sent_at_ms > 1500) {
    if (pending.command === "stop") return close("stopped", "stopped");
    row.run = pending.command === "pause" ? "paused" : "running";
    row.word = pending.command === "pause" ? "paused" : "in_process";
    active.since = now();
    event(active, now(), pending.command === "pause" ? "batch_paused" : "batch_resumed");
    pending = null;
    revision += 1;
  }
  if (row.run !== "running" || scene === "stale" || scene === "bad" || scene === "plclost" || scene === "standing") return;
  const dose = active.doses.find((each) => each.actual === null || each.actual < each.plan);
  if (dose === undefined) return close("complete", "completed");
  dose.actual = Math.min(dose.plan * 1.002, (dose.actual ?? 0) + (ms / 1000) * 4.1);
  const silo = world.silos.find((each) => each.silo === dose.silo);
  if (silo !== undefined && silo.level_g !== null) silo.level_g -= Math.round(ms * 4.1);
}

function close(run: "complete" | "stopped", word: "completed" | "stopped"): void {
  const done = active;
  if (done === null) return;
  finish(done, now(), run, word);
  pending = null;
  active = null;
  revision += 1;
  setTimeout(() => {
    post(done, now());
    revision += 1;
  }, 4_000);
}

function liveBatch(batch: Batch): LiveBatch {
  const { row } = batch;
  const lines = batch.doses.map((dose) => {
    const isDone = dose.actual !== null && dose.actual >= dose.plan;
    const line = world.line(dose, isDone);
    return {
      silo: line.silo, label: line.label, material: line.material, planned_g: line.planned_g, low_g: line.low_g, high_g: line.high_g, actual_g: line.actual_g,
      state: isDone ? ("done" as const) : dose.actual !== null && dose.actual > 0 ? ("dosing" as const) : ("waiting" as const),
      deviation_bp: line.deviation_bp, judgement: line.judgement, rate_g_s: !isDone && (dose.actual ?? 0) > 0 && row.run === "running" ? 4_100 : null,
    };
  });
  const dosed_g = lines.reduce((sum, line) => sum + (line.actual_g ?? 0), 0);
  const progress_bp = Math.round((dosed_g * 10_000) / row.planned_g);
  const quality = scene === "stale" || scene === "plclost" ? "stale" : scene === "bad" ? "bad" : "good";
  return {
    id: row.id, label: row.label, product: row.product, slot: 3, word: row.word, run: scene === "bad" ? "held" : row.run, version: row.version, approved_by: row.approved_by,
    approved_at_ms: row.approved_at_ms, started_at_ms: row.started_at_ms ?? now(), since_ms: batch.since, planned_g: row.planned_g, dosed_g, progress_bp,
    plan_now_bp: Math.min(10_000, progress_bp + 210), eta_ms: row.run === "running" ? now() + Math.round((row.planned_g - dosed_g) / 4.1) : null, eta_spread_ms: 2 * MIN, quality,
    age_ms: quality === "good" ? 800 : now() - START_MS + 14_000, trouble: quality === "bad" ? "slot 3: silo_d 41,310.00 kg is beyond the largest dose of 1,500 kg" : null, pending, lines,
    stalled_since_ms: scene === "standing" ? START_MS - 6 * MIN : null,
  };
}

function liveView(): LiveView {
  const link = (isGood: boolean, cause: string) => ({
    state: isGood ? ("good" as const) : ("lost" as const), age_ms: isGood ? 800 : now() - START_MS + 14 * MIN, since_ms: isGood ? START_MS - 300 * MIN : START_MS - 14 * MIN, cause: isGood ? null : cause,
  });
  return {
    seq: now(), now_ms: now(), plc: link(isPlcGood, "no answer from 127.0.0.1:9600 in 2 s"), erp: link(isErpGood, "connect timeout"),
    books: scene === "full"
      ? { state: "full", since_ms: START_MS - 3 * MIN, cause: "the disk is full: nothing new can be recorded, what is shown can still be read; make room and it goes on by itself", room: "very_low", free_bytes: 0 }
      : { state: "good", since_ms: null, cause: null, room: scene === "over" ? "low" : "enough", free_bytes: 41_000_000_000 },
    record_fault: scene === "broken" ? { since_ms: START_MS - 25 * MIN, sentence: BROKEN } : null,
    outbox: { waiting: isErpGood ? 0 : 6, in_doubt: 0, refused: 0, oldest_ms: isErpGood ? null : 14 * MIN }, batch: active === null ? null : liveBatch(active), queued: [],
    silos: world.silos.map((silo) => ({ silo: silo.silo, level_g: silo.level_g, quality: silo.label === "E" && scene === "over" ? "stale" : "uncertain" })),
    plc_standing_still: scene === "standing", plc_maintenance: scene === "standing", slots_differ: scene === "differ" ? 4 : scene === "bad" ? 1 : 0,
    pending_approvals: world.batches.filter((batch) => batch.row.word === "pending").length, revision,
  };
}

function attention(): AttentionView[] {
  const list: AttentionView[] = [];
  if (scene === "broken") list.push({ code: "record_bad", since_ms: START_MS - 25 * MIN, sentence: BROKEN });
  const waiting = world.batches.filter((batch) => batch.row.word === "pending");
  const open = world.batches.filter((batch) => world.deviations(batch).some((line) => line.accepted === null));
  if (open[0] !== undefined) list.push({ code: "deviations_open", count: open.reduce((sum, batch) => sum + world.deviations(batch).filter((line) => line.accepted === null).length, 0), batches: open.length, id: open[0].row.id, batch_label: open[0].row.label });
  if (scene === "over") list.push({ code: "silo_short", silo: 104, label: "D", short_g: 90_000, batch_label: "WH/MO/00044/1" }, { code: "silo_low", silo: 104, label: "D", level_g: 560_000 });
  if (!isPlcGood) list.push({ code: "plc_lost", cause: "no answer from 127.0.0.1:9600 in 2 s" });
  if (scene === "standing" && active !== null) list.push({ code: "plc_program_stopped" }, { code: "batch_stalled", id: active.row.id, batch_label: active.row.label, since_ms: START_MS - 6 * MIN }, { code: "plc_maintenance" });
  if (!isErpGood) list.push({ code: "erp_lost", cause: "connect timeout", waiting: 6 });
  if (waiting.length > 0) list.push({ code: "approvals_waiting", count: waiting.length, oldest_at_ms: START_MS - 38 * MIN });
  if (!isEmpty) list.push({ code: "orders_refused", count: 2 });
  return list;
}

function overview(): OverviewView {
  const closed = world.batches.filter((batch) => batch.row.ended_at_ms !== null).reverse();
  const phases: OverviewView["phases"] = [];
  for (const batch of [...closed].reverse()) {
    const last = phases.at(-1)?.to_ms ?? START_MS - 480 * MIN;
    const from = batch.row.started_at_ms ?? 0;
    if (from > last) phases.push({ from_ms: last, to_ms: from, phase: "idle", batch_label: null });
    phases.push({ from_ms: from, to_ms: batch.row.ended_at_ms ?? 0, phase: "running", batch_label: batch.row.label });
  }
  if (active?.row.started_at_ms != null) phases.push({ from_ms: active.row.started_at_ms, to_ms: now(), phase: "running", batch_label: active.row.label });
  return {
    attention: attention(), today_batches: closed.length, today_g: closed.reduce((sum, batch) => sum + (batch.row.actual_g ?? 0), 0), today_deviation_bp: isEmpty ? null : 8,
    today_stopped: isEmpty ? 0 : 1, phases: isEmpty ? [] : phases.slice(4), next: world.batches.find((batch) => batch.row.word === "approved" && batch.row.run === "idle")?.row ?? null,
    recent: closed.slice(0, 5).map((batch) => batch.row), events: [...world.batches.flatMap((batch) => batch.events), ...plantEvents].sort((a, b) => b.at_ms - a.at_ms).slice(0, 12),
  };
}

function chart(bars: { label: string; plan: number; actual: number }[], theme: string): string {
  const ink = theme === "night" ? "#E4E7EA" : "#1A1E22";
  const [plan, actual] = theme === "night" ? ["#4A525B", "#7FB2E5"] : ["#B9C0C7", "#2F5D8A"];
  const max = Math.max(...bars.map((bar) => Math.max(bar.plan, bar.actual)), 1);
  const step = 820 / bars.length;
  const body = bars.map((bar, index) => {
    const x = 60 + index * step;
    const height = (value: number) => (value / max) * 250;
    return `<rect x="${x}" y="${290 - height(bar.plan)}" width="${step * 0.7}" height="${height(bar.plan)}" fill="${plan}"/><rect x="${x + step * 0.2}" y="${290 - height(bar.actual)}" width="${step * 0.3}" height="${height(bar.actual)}" fill="${actual}"/><text x="${x + step * 0.35}" y="310" text-anchor="middle" font-size="14" font-family="sans-serif" fill="${ink}">${bar.label}</text>`;
  }).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 330" width="900" height="330">${body}<path d="M50 290H890" stroke="${ink}"/></svg>`;
}

const viewOf = (batch: Batch) => world.view(batch, RIGHTS[user.role], isPlcGood);

function act(id: number, version: number, secret: string | null, change: (batch: Batch) => void): Commands["batch_get"]["response"] {
  const batch = world.find(id);
  if (secret !== null && !PEOPLE.some((person) => person.name === user.name && person.secret === secret)) refuse("wrong_secret", "");
  if (version < batch.row.version) refuse("changed", `version ${batch.row.version} stands, you saw ${version}`);
  change(batch);
  batch.row.version += 1;
  revision += 1;
  return structuredClone(viewOf(batch));
}

function ask(command: "pause" | "resume" | "stop", batch: Batch, kind: JournalView["kind"], reason: string): void {
  pending = { command, asked_at_ms: now(), sent_at_ms: null };
  event(batch, now(), kind, { person: user.name, reason });
}

const low = { lowered: ["view", "batch_start", "batch_pause", "batch_stop", "batch_cancel", "order_import", "manual_enter"], locked: ["view", "batch_pause", "batch_stop"] } as const;
let standing: SessionView["standing"] = "open";
const stands = () => ({ full_name: user.name === "Supervisor 1" ? "Sari Wijaya" : user.name, standing, next_in_ms: standing === "locked" ? null : 300_000, ...(standing === "open" ? {} : { rights: [...low[standing]] }) });
const stood = (): SessionView => ({ token: "", user: user.name, roles: [user.role], rights: RIGHTS[user.role], must_change_secret: false, ...stands() });

const logIn = (name: string, secret: string): SessionView => {
  const person = PEOPLE.find((each) => each.name === name && each.secret === secret) ?? refuse("wrong_secret", "");
  user = { name: person.name, role: person.role };
  sessionStorage.setItem("mock.user", name);
  return { token: TOKEN, user: user.name, roles: [user.role], rights: RIGHTS[user.role], must_change_secret: isOneTime, ...stands() };
};

type Handlers = { [C in keyof Commands]: (request: Commands[C]["request"]) => Commands[C]["response"] };
const reported = { seen: 8, new_batches: 3, known: 3, refused: 2, deferred: 0, at_ms: START_MS - 33 * MIN };

const handlers: Handlers = {
  app_info: () => ({
    version: "0.1.0", is_demo: scene !== "plant" && scene !== "first", demo_speed_pct: 500, demo_people: scene === "plant" || scene === "first" ? [] : PEOPLE, needs_first_admin: scene === "first",
    site: "North mill", line: "Line 1", zone: "Asia/Jakarta", language: "en", now_ms: now(), plc: "FINS 127.0.0.1:9600", erp: "Odoo 127.0.0.1:8069",
    problems: scene === "plant" ? [{ area: "plc", message: "assets/registers/north.toml, line 12: read_base is missing. Orders and approvals work; nothing can be downloaded." }] : [],
  }),
  session_open: ({ user: name, secret }) => logIn(name, secret),
  first_admin_create: ({ name }) => ({ token: TOKEN, user: name, roles: ["super_admin"], rights: RIGHTS.super_admin, must_change_secret: false, ...stands() }),
  session_get: () => {
    const person = PEOPLE.find((each) => each.name === sessionStorage.getItem("mock.user")) ?? refuse("not_logged_in", "");
    return { ...logIn(person.name, person.secret), token: "" };
  },
  session_close: () => ({}),
  session_touch: () => stood(),
  session_lock: () => {
    standing = "locked";
    return stood();
  },
  session_unlock: ({ proof }) => {
    if (proof.text !== PEOPLE.find((each) => each.name === user.name)?.secret) refuse("wrong_secret", "");
    standing = "open";
    return stood();
  },
  session_hand_over: ({ user: name, proof }) => {
    standing = "open";
    return logIn(name, proof.text);
  },
  hand_over_list: () => ({
    rows: [
      { seq: 412, at_ms: START_MS - 95 * MIN, from: "Operator 1", to: "Operator 2", station: "window", note: "Silo C doses slowly.\nWH/MO/00043 waits for premix." },
      { seq: 318, at_ms: START_MS - 575 * MIN, from: "Operator 3", to: "Operator 1", station: "window", note: "" },
      { seq: 207, at_ms: START_MS - 1_055 * MIN, from: "Operator 2", to: "Operator 3", station: "window", note: "Molasses filter was cleaned at 22:10." },
    ],
  }),
  quick_list: () => ({ own: [{ kind: "pin", set_at_ms: START_MS - 20 * 1440 * MIN, is_off: false }], is_known_here: true, others: ["Operator 1", "Administrator 1"] }),
  quick_set: () => ({ own: [{ kind: "pin", set_at_ms: now(), is_off: false }], is_known_here: true, others: ["Operator 1"] }),
  quick_clear: () => ({}),
  live_get: () => (scene === "lost" && performance.now() - born > 6_000 ? refuse("unreachable", "") : liveView()),
  overview_get: () => overview(),
  order_import: () => {
    revision += 1;
    return { ...reported, new_batches: 0, known: 6, at_ms: now() };
  },
  order_list: () => ({
    imported_at_ms: reported.at_ms, last_import: isEmpty ? null : reported,
    orders: isEmpty ? [] : [
      { id: 7, name: "WH/MO/00045", product: "[10110] Broiler starter", quantity_kg: "2000.0", standing: "refused", refusal: { code: "unknown_code", material: "Fish meal", equipment_code: "silo119" }, refusal_text: "", seen_at_ms: reported.at_ms, difference: null },
      { id: 8, name: "WH/MO/00046", product: "[10188] Dairy mash", quantity_kg: "3000.0", standing: "refused", refusal: { code: "scaling", lines_kg: "2712.00", order_kg: "3000.00" }, refusal_text: "", seen_at_ms: reported.at_ms, difference: null },
    ],
  }),
  batch_list: () => {
    const rows = world.batches.filter((batch) => ["pending", "approved", "in_process", "paused"].includes(batch.row.word)).map((batch) => batch.row);
    return { rows, pending: rows.filter((row) => row.word === "pending").length, approved: rows.filter((row) => row.word === "approved").length, planned_g: rows.reduce((sum, row) => sum + row.planned_g, 0) };
  },
  batch_get: ({ id }) => viewOf(world.find(id)),
  record_get: ({ id }) => {
    const { row } = world.find(id);
    const hash = row.content_hash;
    const revisions = row.ended_at_ms === null ? [] : [{ revision: 1, at_ms: row.ended_at_ms, hash, audit_seq: 42 }];
    return { id, revisions, content: null, anchor: revisions.length === 0 ? null : "MR1-42-0123456789abcdef-0000", faults: [] };
  },
  batch_note: ({ id, text }) => {
    const batch = world.find(id);
    event(batch, now(), "batch_note", { person: user.name, text: text.trim() });
    return viewOf(batch);
  },
  record_print: ({ id, kind }) => {
    const batch = viewOf(world.find(id));
    const ended = batch.row.ended_at_ms ?? now();
    return {
      kind, batch, journal: batch.events.toReversed(), faults: [], site: "north", zone: "Asia/Jakarta", at_ms: now(), by: user.name, anchor: "MR1-1842-9f86d081884c7d65-2b1c",
      postings: [{ key: `north/${batch.row.label}/consumption/1`, kind: "consumption", state: batch.posting.state, confirmed_at_ms: batch.posting.confirmed_at_ms }],
      plc_block_hash: batch.row.content_hash, download_id: 17, revisions: [1, 2].map((revision) => ({ revision, at_ms: ended + revision * 60_000, hash: batch.row.content_hash, audit_seq: 40 + revision })),
    };
  },
  batch_approve: ({ id, version, secret }) => act(id, version, secret, (batch) => approve(batch, user.name, now())),
  batch_reject: ({ id, version, secret, reason }) => act(id, version, secret, (batch) => {
    sign(batch, "reject", user.name, now(), reason);
    Object.assign(batch.row, { word: "rejected", release: "rejected", ended_at_ms: now() });
  }),
  batch_revoke: ({ id, version, secret, reason }) => act(id, version, secret, (batch) => {
    sign(batch, "revoke", user.name, now(), reason);
    Object.assign(batch.row, { word: "rejected", release: "rejected", ended_at_ms: now() });
  }),
  batch_cancel: ({ id, version, secret, reason }) => act(id, version, secret, (batch) => {
    sign(batch, "cancel", user.name, now(), reason);
    Object.assign(batch.row, { word: "cancelled", release: "cancelled", ended_at_ms: now() });
  }),
  batch_stop: ({ id, version, secret, reason }) => act(id, version, secret, (batch) => {
    sign(batch, "stop", user.name, now(), reason);
    ask("stop", batch, "stop_requested", reason);
  }),
  batch_pause: ({ id, version, reason }) => act(id, version, null, (batch) => ask("pause", batch, "pause_requested", reason)),
  batch_resume: ({ id, version }) => act(id, version, null, (batch) => ask("resume", batch, "resume_requested", "")),
  batch_start: ({ id, version }) => act(id, version, null, (batch) => {
    active = batch;
    Object.assign(batch.row, { run: "downloading", word: "in_process", started_at_ms: now(), slot: 3 });
    batch.since = now();
  }),
  batch_deviation_accept: ({ id, lines, secret, reason }) => act(id, Infinity, secret, (batch) => {
    sign(batch, "deviation_accept", user.name, now(), reason);
    const signature = batch.signatures.at(-1);
    if (signature !== undefined) for (const line of lines) batch.accepted.set(line.line_no, signature);
  }),
  manual_line_enter: ({ id, version, line_no, weight_g, secret }) => act(id, version, secret, (batch) => {
    const line = batch.manual[line_no - 1];
    if (line !== undefined) Object.assign(line, { actual: weight_g / 1000, by: user.name, at: now() });
    sign(batch, "manual_entry", user.name, now(), null);
  }),
  batch_trend: ({ id }) => {
    const batch = world.find(id);
    const total = batch.doses.reduce((sum, dose) => sum + (dose.actual ?? 0) * 1000, 0);
    const points = 90;
    const shape = (share: number) => Math.min(1, share * 0.8 + 0.2 * Math.floor(share * 4 + 0.2) * 0.25);
    const at_ms = Array.from({ length: points }, (_, index) => now() - (points - index) * 12_000);
    return { id, at_ms, dosed_g: at_ms.map((_, index) => Math.round((total * shape(index / points)) / shape(1))), planned_g: batch.row.planned_g };
  },
  batch_chart: ({ id, theme }) => ({ svg: chart(world.find(id).doses.map((dose) => ({ label: world.line(dose, true).label, plan: dose.plan, actual: dose.actual ?? 0 })), theme) }),
  silo_list: () => ({ silos: world.silos }),
  silo_correct: ({ silo: number, counted_g, expected_g, reason, secret }) => {
    if (!PEOPLE.some((person) => person.name === user.name && person.secret === secret)) refuse("wrong_secret", "");
    const silo = world.silos.find((each) => each.silo === number) ?? refuse("not_found", `there is no silo ${number}`);
    const before_g = silo.level_g ?? 0;
    if (silo.level_g !== expected_g) refuse("changed", `${silo.label} changed while you were looking`);
    silo.level_g = counted_g;
    counts.push(counted(silo, counted_g - before_g, now(), user.name, reason));
    revision += 1;
    return { silos: world.silos };
  },
  silo_consumption: ({ theme }) => {
    const lines = isEmpty ? [] : world.silos.slice(0, 7).map((silo, index) => ({ silo: silo.silo, label: silo.label, planned_g: (7_400 - index * 900) * 1000, actual_g: (7_412 - index * 905) * 1000, deviation_bp: 16 - index * 9, doses: 11 }));
    return { lines, batches: isEmpty ? 0 : 11, svg: chart(lines.map((line) => ({ label: line.label, plan: line.planned_g, actual: line.actual_g })), theme) };
  },
  silo_movements: ({ silo }) => {
    const rows: MovementView[] = [];
    for (const batch of world.batches.filter((each) => each.row.ended_at_ms !== null)) {
      for (const dose of batch.doses) {
        const line = world.line(dose, true);
        rows.unshift({ seq: rows.length + 1, at_ms: batch.row.ended_at_ms ?? 0, silo: dose.silo, label: line.label, kind: "dosing", delta_g: -Math.round((dose.actual ?? 0) * 1000), level_g: (line.have_g ?? 0) + rows.length * 1000, batch_id: batch.row.id, batch_label: batch.row.label, signature: null });
      }
    }
    counts.forEach((count, index) => rows.unshift({ ...count, seq: rows.length + index + 1 }));
    return { rows: rows.filter((row) => silo === null || row.silo === silo) };
  },
  history_list: ({ search }) => {
    const rows = world.batches.filter((batch) => batch.row.ended_at_ms !== null && `${batch.row.label} ${batch.row.product}`.toLowerCase().includes(search.toLowerCase())).map((batch) => batch.row).reverse();
    return { rows, total: rows.length, next: null };
  },
  ...outboxAnswers({ world, now, isErpGood, isFourEyes: scene === "foureyes" }),
  ...settingsAnswers({ scene, refuse }),
  ...backupAnswers(now),
  ...auditAnswers({ now, isBroken: scene === "broken" }),
  ...personAnswers({ now, refuse, rights: RIGHTS, changed: () => (revision += 1), secretChanged: () => (isOneTime = false), view: () => ({ token: "", user: user.name, roles: [user.role], rights: RIGHTS[user.role], must_change_secret: false, ...stands() }) }),
  ...plcAnswers({ scene, now, refuse, isSecret: (secret) => PEOPLE.some((person) => person.name === user.name && person.secret === secret) }),
  // No order of this world differs in the ERP.
  order_difference_decide: () => refuse("not_found", "no difference"),
};

setInterval(() => {
  advance(500);
  if (scene === "lost" && performance.now() - born > 6_000) return;
  for (const watcher of watchers) watcher({ name: "live", data: liveView() });
}, 500);

export const host: Host = {
  kind: "mock",
  async call(command, payload, token) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (!(command in handlers)) refuse("unknown_command", command);
    if (token === null && !["app_info", "session_open", "first_admin_create"].includes(command)) refuse("not_logged_in", "");
    const handler = handlers[command as keyof Commands] as (request: object) => unknown;
    return structuredClone(handler(payload));
  },
  subscribe(_token, onEvent) {
    watchers.add(onEvent);
    return Promise.resolve(() => {
      watchers.delete(onEvent);
    });
  },
};
