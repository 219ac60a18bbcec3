// What wants a person: its urgency, its sentence, and the place where it can be mended.
// Leaves out which facts deserve attention: the backend decides that, save for the banner's live ones.
import type { AttentionView, BooksState, LiveView } from "../bindings";
import { m } from "../paraglide/messages.js";
import type { BadgeMark } from "../widgets/shapes";
import { dateTime, duration, kgUnit, plain, signedPercent, timeShort } from "./format";
import { differenceWords } from "./words";

export interface Attention {
  key: string;
  /** `null` = wants a person, but nothing is abnormal. */
  mark: BadgeMark | null;
  text: string;
  detail: string | null;
  /** Where to go. */
  path: string;
}

const areaName = (area: string): string => (area === "manual_weighing" ? m.journal_area_manual_weighing() : m.journal_area_equipment_failure());

export function attentionOf(view: AttentionView, now_ms: number): Attention {
  switch (view.code) {
    case "record_bad":
      return {
        key: view.code, mark: "1", text: m.banner_record_bad(),
        detail: [view.sentence, m.attention_record_bad(), m.since({ time: dateTime(view.since_ms) })].join(" · "), path: "/settings",
      };
    case "approvals_waiting":
      return {
        key: view.code, mark: null, text: m.attention_approvals({ count: String(view.count) }),
        detail: m.attention_oldest({ age: duration(now_ms - view.oldest_at_ms) }), path: "/queue?tab=pending",
      };
    case "silo_low":
      return {
        key: `${view.code}${view.silo}`, mark: "3", text: m.attention_silo_low({ silo: view.label }),
        detail: kgUnit(view.level_g, 0), path: "/silos",
      };
    case "silo_short":
      return {
        key: `${view.code}${view.silo}`, mark: "3",
        text: m.attention_silo_short({ silo: view.label, short: kgUnit(view.short_g, 0) }),
        detail: view.batch_label, path: "/queue",
      };
    case "plc_lost":
      return { key: view.code, mark: "2", text: m.attention_plc_lost(), detail: view.cause, path: "/plc" };
    case "plc_program_stopped":
      return { key: view.code, mark: "2", text: m.banner_program(), detail: null, path: "/plc" };
    case "plc_maintenance":
      return { key: view.code, mark: null, text: [m.plc(), m.plc_maintenance()].join(" · "), detail: m.plc_cpu_warning(), path: "/plc" };
    case "batch_stalled":
      return {
        key: `${view.code}${view.id}`, mark: "2", text: m.banner_stalled({ batch: view.batch_label }),
        detail: m.since({ time: timeShort(view.since_ms) }), path: "/live",
      };
    case "erp_lost":
      return {
        key: view.code, mark: "D", text: m.attention_erp_lost({ waiting: String(view.waiting) }),
        detail: view.cause, path: "/outbox",
      };
    case "posting_refused":
      return {
        key: `${view.code}${view.id}`, mark: "3", text: m.attention_posting_refused({ batch: view.batch_label }),
        detail: view.answer, path: "/outbox",
      };
    case "failure_refused":
      return {
        key: `${view.code}${view.equipment_code}`, mark: "3", text: m.attention_failure_refused({ code: view.equipment_code }),
        detail: view.answer, path: "/outbox",
      };
    case "weighings_unknown":
      return {
        key: view.code, mark: "3", text: m.attention_weighings_unknown({ count: String(view.count) }),
        detail: `${view.order_name}: ${view.reason}`, path: "/plc",
      };
    case "area_refused":
      return {
        key: `${view.code}${view.area}`, mark: "2", text: m.attention_area_refused({ area: areaName(view.area) }),
        detail: view.reason, path: "/plc",
      };
    case "block_refused":
      return {
        key: `${view.code}${view.id}`, mark: "2", text: m.attention_block_refused({ batch: view.batch_label }),
        detail: view.reason, path: "/plc",
      };
    case "deviations_open":
      return {
        key: view.code, mark: "2", text: m.attention_deviations({ count: String(view.count) }),
        detail: view.batches > 1 ? m.attention_deviations_more({ batch: view.batch_label, count: String(view.batches) }) : view.batch_label,
        path: `/history/${view.id}`,
      };
    case "orders_refused":
      return {
        key: view.code, mark: null, text: m.attention_orders_refused({ count: String(view.count) }),
        detail: null, path: "/queue?tab=refused",
      };
    case "order_differs":
      return {
        key: `${view.code}${view.order_name}`, mark: "3",
        text: m.attention_order_differs({ order: view.order_name, what: differenceWords[view.difference.kind]() }),
        detail: null, path: `/queue/${view.id}`,
      };
    case "set_up":
      return {
        key: `${view.code}${view.area}${view.message}`, mark: "D", text: m.attention_set_up({ area: view.area }),
        detail: view.message, path: "/overview",
      };
    case "backup_old":
      return {
        key: view.code, mark: "3", text: view.at_ms === null ? m.attention_backup_none() : m.attention_backup_old(),
        detail: view.at_ms === null ? null : dateTime(view.at_ms), path: "/settings",
      };
    case "backup_failed":
      return { key: view.code, mark: "3", text: m.attention_backup_failed(), detail: view.reason, path: "/settings" };
    case "restore_test_failed":
      return { key: view.code, mark: "2", text: m.attention_restore_test_failed(), detail: view.reason, path: "/settings" };
    case "manual_line_open":
      return {
        key: `${view.code}${view.id}${view.material}`, mark: null,
        text: m.attention_manual_line({ material: view.material }), detail: view.batch_label,
        path: `/history/${view.id}`,
      };
  }
}

const booksWords: Record<Exclude<BooksState, "good">, () => string> = {
  reserve: m.banner_books_reserve, full: m.banner_books_full, disk_fault: m.banner_books_disk, damaged: m.banner_books_damaged,
};

/** The banner: live disturbances, worst first. */
export function disturbances(view: LiveView): Attention[] {
  const found: Attention[] = [];
  const batch = view.batch;
  const books = view.books;
  if (books.state !== "good") {
    found.push({ key: "books", mark: "1", text: booksWords[books.state](), detail: (books.state === "full" || books.state === "reserve") && books.since_ms !== null ? m.since({ time: timeShort(books.since_ms) }) : books.cause, path: "/settings" });
  } else if (books.room === "low" || books.room === "very_low") {
    const left = books.free_bytes === null ? null : m.banner_room_left({ free: plain(Math.floor(books.free_bytes / 1_048_576)) });
    found.push({ key: "room", mark: books.room === "low" ? "3" : "2", text: m.banner_room_low(), detail: left, path: "/settings" });
  }
  if (view.record_fault !== null) {
    found.push({ key: "record", mark: "1", text: m.banner_record_bad(), detail: view.record_fault.sentence, path: "/settings" });
  }
  if (view.plc.state === "lost") {
    found.push({
      key: "plc", mark: batch === null ? "D" : "2", text: m.attention_plc_lost(),
      detail: m.since({ time: timeShort(view.plc.since_ms) }), path: "/plc",
    });
  }
  if (view.plc_standing_still && view.plc.state !== "lost") {
    found.push({ key: "program", mark: batch === null ? "D" : "2", text: m.banner_program(), detail: null, path: "/plc" });
  }
  const held = (batch === null ? view.queued : [batch, ...view.queued]).filter((each) => each.run === "held" || each.quality === "bad");
  for (const each of held) {
    found.push({ key: `held${each.id}`, mark: "2", text: m.banner_held({ batch: each.label }), detail: each.trouble, path: "/plc" });
  }
  // A held batch is a slot that differs, told by its name; what is left has no batch of ours.
  if (view.slots_differ > held.length) {
    found.push({ key: "slots", mark: "2", text: m.banner_slots_differ({ count: String(view.slots_differ) }), detail: null, path: "/plc" });
  }
  for (const each of batch === null ? view.queued : [batch, ...view.queued]) {
    if (each.stalled_since_ms !== null) {
      found.push({
        key: `stalled${each.id}`, mark: "2", text: m.banner_stalled({ batch: each.label }),
        detail: m.since({ time: timeShort(each.stalled_since_ms) }), path: "/live",
      });
    }
  }
  if (batch !== null && batch.quality === "stale" && view.plc.state !== "lost" && !view.plc_standing_still) {
    found.push({ key: "stale", mark: "D", text: m.banner_stale({ batch: batch.label }), detail: null, path: "/live" });
  }
  for (const line of batch?.lines ?? []) {
    if (line.judgement === "over" || line.judgement === "under") {
      found.push({
        key: `tolerance${line.silo}`, mark: "2",
        text: m.attention_out_of_tolerance({ silo: line.label, deviation: signedPercent(line.deviation_bp) }),
        detail: batch?.label ?? null, path: "/live",
      });
    }
  }
  if (view.outbox.refused > 0) {
    found.push({
      key: "refused", mark: "3", text: m.banner_outbox_refused({ count: String(view.outbox.refused) }),
      detail: null, path: "/outbox",
    });
  }
  if (view.erp.state === "lost") {
    found.push({
      key: "erp", mark: "D", text: m.attention_erp_lost({ waiting: String(view.outbox.waiting + view.outbox.in_doubt) }),
      detail: m.since({ time: timeShort(view.erp.since_ms) }), path: "/outbox",
    });
  }
  const order: (BadgeMark | null)[] = ["1", "2", "3", "D", null];
  return found.sort((a, b) => order.indexOf(a.mark) - order.indexOf(b.mark));
}
