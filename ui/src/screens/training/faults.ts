// The faults of the virtual plant in words: what each does, and what a person should see of it.
// Leaves out which faults there are: the plant says that, and one without words is shown by its key.
import type { FaultGroup, TrainingFault } from "../../bindings";
import { m } from "../../paraglide/messages.js";

export interface FaultWords {
  name: () => string;
  does: () => string;
  sees: () => string;
}

const WORDS: Record<string, FaultWords> = {
  drop: { name: m.fault_drop, does: m.fault_drop_does, sees: m.fault_drop_sees },
  delay: { name: m.fault_delay, does: m.fault_delay_does, sees: m.fault_delay_sees },
  duplicate: { name: m.fault_duplicate, does: m.fault_duplicate_does, sees: m.fault_duplicate_sees },
  reorder: { name: m.fault_reorder, does: m.fault_reorder_does, sees: m.fault_reorder_sees },
  truncate: { name: m.fault_truncate, does: m.fault_truncate_does, sees: m.fault_truncate_sees },
  garble_header: { name: m.fault_garble_header, does: m.fault_garble_header_does, sees: m.fault_garble_header_sees },
  garble_payload: { name: m.fault_garble_payload, does: m.fault_garble_payload_does, sees: m.fault_garble_payload_sees },
  foreign: { name: m.fault_foreign, does: m.fault_foreign_does, sees: m.fault_foreign_sees },
  half_open: { name: m.fault_half_open, does: m.fault_half_open_does, sees: m.fault_half_open_sees },
  stuck_flag: { name: m.fault_stuck_flag, does: m.fault_stuck_flag_does, sees: m.fault_stuck_flag_sees },
  stuck_ack: { name: m.fault_stuck_ack, does: m.fault_stuck_ack_does, sees: m.fault_stuck_ack_sees },
  shifted_silo_id: { name: m.fault_shifted_silo_id, does: m.fault_shifted_silo_id_does, sees: m.fault_shifted_silo_id_sees },
  float_weight: { name: m.fault_float_weight, does: m.fault_float_weight_does, sees: m.fault_float_weight_sees },
  zero_weight: { name: m.fault_zero_weight, does: m.fault_zero_weight_does, sees: m.fault_zero_weight_sees },
  frozen_program: { name: m.fault_frozen_program, does: m.fault_frozen_program_does, sees: m.fault_frozen_program_sees },
  cpu_warning: { name: m.fault_cpu_warning, does: m.fault_cpu_warning_does, sees: m.fault_cpu_warning_sees },
  cpu_fatal: { name: m.fault_cpu_fatal, does: m.fault_cpu_fatal_does, sees: m.fault_cpu_fatal_sees },
  reboot_memory_kept: { name: m.fault_reboot_memory_kept, does: m.fault_reboot_memory_kept_does, sees: m.fault_reboot_memory_kept_sees },
  reboot_memory_lost: { name: m.fault_reboot_memory_lost, does: m.fault_reboot_memory_lost_does, sees: m.fault_reboot_memory_lost_sees },
  order_foreign: { name: m.fault_order_foreign, does: m.fault_order_foreign_does, sees: m.fault_order_foreign_sees },
  bridging_silo: { name: m.fault_bridging_silo, does: m.fault_bridging_silo_does, sees: m.fault_bridging_silo_sees },
  stuck_gate: { name: m.fault_stuck_gate, does: m.fault_stuck_gate_does, sees: m.fault_stuck_gate_sees },
  scale_drift: { name: m.fault_scale_drift, does: m.fault_scale_drift_does, sees: m.fault_scale_drift_sees },
  equipment_failure: { name: m.fault_equipment_failure, does: m.fault_equipment_failure_does, sees: m.fault_equipment_failure_sees },
  manual_weighing: { name: m.fault_manual_weighing, does: m.fault_manual_weighing_does, sees: m.fault_manual_weighing_sees },
  erp_down: { name: m.fault_erp_down, does: m.fault_erp_down_does, sees: m.fault_erp_down_sees },
  erp_lost_answer: { name: m.fault_erp_lost_answer, does: m.fault_erp_lost_answer_does, sees: m.fault_erp_lost_answer_sees },
  erp_slow: { name: m.fault_erp_slow, does: m.fault_erp_slow_does, sees: m.fault_erp_slow_sees },
  erp_lost_request: { name: m.fault_erp_lost_request, does: m.fault_erp_lost_request_does, sees: m.fault_erp_lost_request_sees },
  erp_error: { name: m.fault_erp_error, does: m.fault_erp_error_does, sees: m.fault_erp_error_sees },
  erp_html: { name: m.fault_erp_html, does: m.fault_erp_html_does, sees: m.fault_erp_html_sees },
  erp_sessions_end: { name: m.fault_erp_sessions_end, does: m.fault_erp_sessions_end_does, sees: m.fault_erp_sessions_end_sees },
};

/** The words of a fault; one that this screen does not know yet is called by its key and says no more. */
export function faultWords(key: string): FaultWords {
  return WORDS[key] ?? { name: () => key, does: () => "", sees: () => "" };
}

const GROUPS: readonly FaultGroup[] = ["wire", "plc", "plant", "erp"];

/** Faults by where they sit, in the order that the plant names them. */
export function byGroup(faults: readonly TrainingFault[]): { group: FaultGroup; faults: TrainingFault[] }[] {
  return GROUPS.map((group) => ({ group, faults: faults.filter((fault) => fault.group === group) })).filter((each) => each.faults.length > 0);
}

const UNITS: Record<string, string> = { percent: "%", permille: "‰", ms: "ms" };

/** The sign of a unit. */
export function unitSign(unit: string): string {
  return UNITS[unit] ?? unit;
}

/** An amount as typed; `null` when it is no whole number within the fault's limits. Never repaired. */
export function parseAmount(text: string, fault: TrainingFault): number | null {
  if (!/^-?\d{1,9}$/.test(text.trim())) return null;
  const amount = Number(text.trim());
  return amount >= fault.least && amount <= fault.most ? amount : null;
}
