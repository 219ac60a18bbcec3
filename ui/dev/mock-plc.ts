// The made-up PLC of the mock host: slots in every standing, counts, events, an examination, and the trainer's faults.
// Only for looking at screens without a backend; the product build never holds it.
import type {
  Commands, FaultGroup, Finding, PlcEventList, PlcExamination, PlcView, SlotBatch, SlotTruth, TrainingFault, WordRow,
} from "../src/bindings";
import { MIN, START_MS } from "./mock-world";

type Answers = Pick<
  { [C in keyof Commands]: (request: Commands[C]["request"]) => Commands[C]["response"] },
  "plc_get" | "plc_slot_decide" | "plc_flags_set" | "plc_event_list" | "plc_examine" | "training_get" | "training_set" | "training_clear"
>;

interface Plant {
  scene: string;
  now: () => number;
  isSecret: (secret: string) => boolean;
  refuse: (code: string, message: string) => never;
}

const EMPTY: SlotTruth = {
  slot: 1, standing: "agrees", shows: "free", order_name: "", flag: true, ack: false, download_id: 0, age_ms: 2_400, batch: null, trouble: null, proposal: null,
  choices: [], pending: null,
};

const batch = (id: number, label: string, more: Partial<SlotBatch>): SlotBatch => ({
  id, label, version: 3, content_hash: "3f9a00d2c41d77e2", run: "running", download_step: "taken", finish_step: null, download_id: null, waiting_since_ms: null, ...more,
});

function slots(scene: string): SlotTruth[] {
  const rows: SlotTruth[] = Array.from({ length: 10 }, (_, index) => ({ ...EMPTY, slot: index + 1, flag: scene !== "never", shows: scene === "never" ? "not_ready" : "free" }));
  const put = (slot: number, change: Partial<SlotTruth>) => Object.assign(rows[slot - 1] ?? {}, change);
  if (scene === "never" || scene === "empty") return rows;
  put(3, { shows: "running", standing: "agrees", order_name: "WH/MO/00042", flag: false, download_id: 17, age_ms: 800, batch: batch(100, "WH/MO/00042/1", { download_id: 17 }) });
  if (scene !== "differ") return rows;
  put(1, {
    shows: "not_ready", standing: "waits", order_name: "", flag: false, batch: batch(101, "WH/MO/00043/1", { run: "downloading", download_step: "offered", download_id: 18, waiting_since_ms: START_MS - 6 * MIN }),
    proposal: "withdraw", choices: ["withdraw", "go_on"],
  });
  put(2, { shows: "other", standing: "differs", order_name: "WH/MO/00031", flag: false, download_id: 4, trouble: "slot 2: the PLC holds WH/MO/00031, the books hold nothing", proposal: "let_go", choices: ["let_go"] });
  put(4, {
    shows: "refused", standing: "differs", order_name: "WH/MO/00040", flag: false, ack: false, trouble: "slot 4: D6354 silo_j is 109 where 110 belongs, raw 006D 006E; nothing of the block is used",
    batch: batch(98, "WH/MO/00040/1", { run: "held" }), proposal: "go_on", choices: ["go_on", "close_with_last", "store_result"],
  });
  put(5, { shows: "final_stored", standing: "waits", order_name: "WH/MO/00041", flag: true, ack: true, batch: batch(99, "WH/MO/00041/1", { run: "complete", finish_step: "acked", waiting_since_ms: START_MS - 2 * MIN }) });
  put(6, { shows: "final", standing: "heals", order_name: "WH/MO/00039", flag: true, batch: batch(97, "WH/MO/00039/1", { run: "complete", finish_step: "stored" }) });
  put(7, { shows: "running", standing: "differs", order_name: "WH/MO/00044", flag: false, batch: batch(102, "WH/MO/00044/1", { run: "downloading", download_step: "verified" }), proposal: "adopt", choices: ["adopt", "withdraw"], pending: "adopt" });
  put(8, { shows: "unseen", standing: "unknown", flag: null, ack: null, download_id: null, age_ms: null });
  put(9, { shows: "free", standing: "unknown", age_ms: 74_000 });
  put(10, { shows: "not_ready", standing: "differs", flag: false, trouble: "slot 10 is empty and its flag stays 0", proposal: "make_ready", choices: ["make_ready"] });
  return rows;
}

function words(): WordRow[] {
  const rows: WordRow[] = [];
  for (let slot = 1; slot <= 10; slot += 1) {
    const base = 6_000 + 100 * (slot - 1);
    rows.push({ addr: base, name: `slot ${slot} batch_no (read)`, raw: slot.toString(16).padStart(4, "0").toUpperCase(), value: String(slot), verdict: "" });
    rows.push({ addr: base + 1, name: `slot ${slot} mo_name (read)`, raw: "5748 2F4D 4F2F 3030 3034 3200", value: slot === 3 ? "WH/MO/00042" : "", verdict: "" });
    "ABCDEFGHIJKLM".split("").forEach((silo, index) => {
      const isBad = slot === 4 && silo === "J";
      rows.push({ addr: base + 26 + index * 3, name: `slot ${slot} silo_${silo.toLowerCase()} (read)`, raw: `${(101 + index).toString(16).padStart(4, "0").toUpperCase()} 0000 ${(index * 731 + slot).toString(16).padStart(4, "0").toUpperCase()}`, value: isBad ? "" : `${((index * 731 + slot) / 100).toFixed(2)} kg`, verdict: isBad ? "silo id 109 where 110 belongs" : "" });
    });
    for (let spare = 77; spare < 100; spare += 1) rows.push({ addr: base + spare, name: `slot ${slot} spare ${spare}`, raw: "0000", value: "0", verdict: "" });
  }
  return rows;
}

function examination(now_ms: number, withWrite: boolean): PlcExamination {
  const finding = (section: string, weight: Finding["weight"], text: string): Finding => ({ section, weight, text });
  const findings = [
    finding("reach", "good", "192.168.250.1:9600 answers in 0.42 ms"), finding("times", "good", "100 reads of 77 words: none lost, none late"),
    finding("nodes", "warning", "2 answers of somebody else within 100 reads: another tool uses node 1"), finding("program", "good", "The heartbeat rose from 4,711 to 4,713 in 2 s"),
    finding("words", "good", "372 words read, every one of its kind"), finding("order", "good", "Two-word quantities come high word first, as the map says"),
    finding("silos", "fault", "D6354: silo id 109 where the map says 110 (slot 4, silo J)"), finding("areas", "good", "D8000 to D8020 can be read; no failure is waiting"),
    ...(withWrite ? [finding("write_test", "good", "D6999 written 55AA, read back equal, restored to 0000")] : []),
    finding("missing", "note", "No word says how long a batch has been running: the screen counts by itself"), finding("missing", "note", "No command word: pause and stop are made at the panel"),
  ];
  return {
    at_ms: now_ms, is_sound: false, faults: 1, warnings: 1, rtt_us: [402, 615, 1_240], findings, words: words(), file_name: "plc-north-2026-11-22.txt",
    report: ["Examination of the PLC, plant north", "", ...findings.map((each) => `${each.weight.padEnd(8)} ${each.section.padEnd(12)} ${each.text}`)].join("\n"),
  };
}

function events(scene: string): PlcEventList {
  if (scene === "bare") return { has_failure_area: false, has_weighing_area: false, failure_trouble: null, weighing_trouble: null, failures: [], weighings: [] };
  if (scene !== "differ") return { has_failure_area: true, has_weighing_area: true, failure_trouble: null, weighing_trouble: null, failures: [], weighings: [] };
  const at = START_MS - 3 * MIN;
  return {
    has_failure_area: true, has_weighing_area: true, failure_trouble: "D8016: 2026-13-22 is no date, raw 2613 2200", weighing_trouble: null,
    failures: [
      { id: 3, equipment_code: "silo104", info: "MOTOR_FAILURE", plc_time: "2026-11-22 10:28:04", stored_at_ms: at, acked_at_ms: null, posting: "queued", last_answer: null },
      { id: 2, equipment_code: "silo102", info: "SENSOR_ERROR", plc_time: "2026-11-22 09:12:41", stored_at_ms: at - 76 * MIN, acked_at_ms: at - 76 * MIN + 900, posting: "posted", last_answer: "created 71" },
      { id: 1, equipment_code: "silo101", info: "START_FAILURE", plc_time: "", stored_at_ms: at - 300 * MIN, acked_at_ms: at - 300 * MIN + 700, posting: "refused", last_answer: "silo101: no such equipment" },
    ],
    weighings: [
      { id: 2, order_name: "WH/MO/00042", batch_id: 100, batch_label: "WH/MO/00042/1", product_id: 118, material: "Salt", mass_g: 12_350, stored_at_ms: at, acked_at_ms: at + 800, posting: "posted", last_answer: "updated 1 item" },
      { id: 1, order_name: "WH/MO/00017", batch_id: null, batch_label: null, product_id: 131, material: null, mass_g: 4_000, stored_at_ms: at - 40 * MIN, acked_at_ms: at - 40 * MIN + 900, posting: "not_due", last_answer: "no batch of ours has this order" },
    ],
  };
}

const SILOS = ["A", "B", "C", "D", "E"].map((label, index) => ({ value: 101 + index, label: `Silo ${label}` }));
const SLOTS = Array.from({ length: 10 }, (_, index) => ({ value: index + 1, label: String(index + 1) }));

function faults(): TrainingFault[] {
  const fault = (key: string, group: FaultGroup, more: Partial<TrainingFault> = {}): TrainingFault => ({
    key, group, is_momentary: false, is_on: false, value: null, unit: "", least: 0, most: 0, target: null, targets: [], count: 0, ...more,
  });
  const rate = { value: 50, unit: "permille", least: 1, most: 1_000 };
  return [
    ...["drop", "duplicate", "reorder", "truncate", "garble_header", "garble_payload", "foreign"].map((key) => fault(key, "wire", rate)),
    fault("delay", "wire", { value: 200, unit: "ms", least: 1, most: 5_000 }), fault("half_open", "wire"),
    ...["stuck_flag", "stuck_ack", "shifted_silo_id", "float_weight", "zero_weight"].map((key) => fault(key, "plc", { target: 1, targets: SLOTS })),
    fault("frozen_program", "plc"), fault("cpu_warning", "plc"), fault("cpu_fatal", "plc"),
    fault("reboot_memory_kept", "plc", { is_momentary: true }), fault("reboot_memory_lost", "plc", { is_momentary: true }), fault("order_foreign", "plc", { is_momentary: true, target: 1, targets: SLOTS }),
    fault("bridging_silo", "plant", { target: 101, targets: SILOS }), fault("stuck_gate", "plant", { target: 101, targets: SILOS, value: 5, unit: "percent", least: 1, most: 50 }),
    fault("scale_drift", "plant", { value: 10, unit: "permille", least: -200, most: 200 }), fault("equipment_failure", "plant", { is_momentary: true, target: 101, targets: SILOS }), fault("manual_weighing", "plant", { is_momentary: true }),
    fault("erp_down", "erp"), fault("erp_lost_answer", "erp", rate), fault("erp_slow", "erp", { value: 2_000, unit: "ms", least: 1, most: 60_000 }), fault("belt_slips", "plant"),
  ];
}

export function plcAnswers({ scene, now, isSecret, refuse }: Plant): Answers {
  const rows = slots(scene);
  const trainer = faults();
  const isRealPlant = scene === "plant" || scene === "first";
  const plc = (): PlcView => {
    const isLost = scene === "plclost";
    return {
      now_ms: now(), description: scene === "noplc" ? "" : "FINS/UDP 192.168.250.1:9600, node 1 to 10", cpu_warning: scene === "standing", relay_error: false, never_started: scene === "never",
      link: { state: scene === "noplc" ? "off" : isLost ? "lost" : "good", age_ms: isLost ? 14 * MIN : 800, since_ms: START_MS - 14 * MIN, cause: isLost ? "no answer from 192.168.250.1:9600 in 2 s" : null },
      counters: { requests: 184_220 + Math.round((now() - START_MS) / 100), timeouts: 14, retries: 12, overruns: 0, foreign: 2, late: 3, wrong_length: 0, cpu_warnings: scene === "standing" ? 912 : 0, cpu_fatals: 0, relay_errors: 0 },
      settings: [
        { key: "driver", value: "fins_udp" }, { key: "address", value: "192.168.250.1:9600" }, { key: "timeout_ms", value: "500" }, { key: "retries", value: "2" },
        { key: "poll_live_ms", value: "1000" }, { key: "poll_idle_ms", value: "10000" }, { key: "stale_after_ms", value: "10000" },
      ],
      map: scene === "noplc" ? null : {
        plant: "north", version: 3, slots: 10, ready_rule: "per_slot", slot_free_when: "ack_cleared", has_download_id: scene !== "bare", has_command_word: false,
        missing: ["No command word: pause and stop are made at the panel.", "No word for the step of the program: progress is seen by weights alone."],
      },
      program: scene === "bare" || scene === "noplc" ? null : { heartbeat: 4_711 + Math.floor((now() - START_MS) / 1_000), heartbeat_age_ms: scene === "standing" ? 48_000 : 400, is_standing_still: scene === "standing", boot_counter: 6, restarted_at_ms: scene === "standing" ? START_MS - 31 * MIN : null },
      slots: scene === "noplc" ? [] : rows.map((row) => (isLost ? { ...row, standing: "unknown", age_ms: 14 * MIN } : row)),
    };
  };
  const view = () => ({ faults: trainer, seed: 20_261_122 });
  return {
    plc_get: plc,
    plc_slot_decide: ({ slot, decision, secret }) => {
      if (!isSecret(secret)) refuse("wrong_secret", "");
      const row = rows[slot - 1] ?? refuse("not_found", `no slot ${slot}`);
      if (!row.choices.includes(decision)) refuse("illegal_transition", `slot ${slot}: ${decision} is not possible`);
      row.pending = decision;
      return plc();
    },
    plc_flags_set: ({ secret }) => (isSecret(secret) ? plc() : refuse("wrong_secret", "")),
    plc_event_list: () => events(scene),
    plc_examine: ({ write_test }) => examination(now(), write_test),
    training_get: () => (isRealPlant ? refuse("not_ready", "this is a real plant: faults are made on the virtual one only") : view()),
    training_set: ({ key, is_on, value, target }) => {
      const fault = trainer.find((each) => each.key === key) ?? refuse("bad_request", `no fault ${key}`);
      if (fault.is_momentary) fault.count += 1;
      else fault.is_on = is_on;
      fault.value = value ?? fault.value;
      fault.target = target ?? fault.target;
      return view();
    },
    training_clear: () => {
      for (const fault of trainer) fault.is_on = false;
      return view();
    },
  };
}
