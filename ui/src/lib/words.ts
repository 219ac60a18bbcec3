// The product's closed lists as words on the screen. A new member without a word does not compile.
import type {
  BatchWord, DoseState, DownloadStepName, FaultGroup, FindingWeight, FinishStep, LinkStateView, MovementKind, OrderChoice,
  OrderDifference, OutboxKind, Phase, PostingState, Refusal, Role, RunState, SignatureMeaning, SignatureView, SlotDecision, SlotShows, SlotStanding,
  ProofKind, WhyNot,
} from "../bindings";
import { m } from "../paraglide/messages.js";
import type { StateShape } from "../widgets/shapes";

type Words<K extends string> = Record<K, () => string>;

export const batchWords: Words<BatchWord> = {
  pending: m.word_pending, approved: m.word_approved, rejected: m.word_rejected, in_process: m.word_in_process,
  paused: m.word_paused, completed: m.word_completed, stopped: m.word_stopped, failed: m.word_failed,
  cancelled: m.word_cancelled,
};

export const batchShapes: Record<BatchWord, StateShape> = {
  pending: "waiting", approved: "signed", rejected: "refused", in_process: "running", paused: "paused",
  completed: "done", stopped: "stopped", failed: "failed", cancelled: "refused",
};

export const runWords: Words<RunState> = {
  idle: m.run_idle, downloading: m.run_downloading, ready: m.run_ready, running: m.run_running,
  paused: m.run_paused, held: m.run_held, complete: m.run_complete, stopped: m.run_stopped, aborted: m.run_aborted,
};

export const postingWords: Words<PostingState> = {
  not_due: m.posting_not_due, queued: m.posting_queued, sending: m.posting_sending, posted: m.posting_posted,
  in_doubt: m.posting_in_doubt, refused: m.posting_refused, waived: m.posting_waived, by_hand: m.posting_by_hand,
};

export const doseWords: Words<DoseState> = { waiting: m.dose_waiting, dosing: m.dose_dosing, done: m.dose_done };

export const stepWords: Words<DownloadStepName> = {
  prepared: m.step_prepared, written: m.step_written, verified: m.step_verified, offered: m.step_offered,
  taken: m.step_taken,
};

export const phaseWords: Words<Phase> = {
  idle: m.phase_idle, running: m.phase_running, paused: m.phase_paused, held: m.phase_held,
};

export const roleWords: Words<Role> = {
  viewer: m.role_viewer, operator: m.role_operator, planner: m.role_planner, maintenance: m.role_maintenance,
  auditor: m.role_auditor, supervisor: m.role_supervisor, admin: m.role_admin, super_admin: m.role_super_admin,
};

export const signatureWords: Words<SignatureMeaning> = {
  approve: m.signature_approve, reject: m.signature_reject, revoke: m.signature_revoke, stop: m.signature_stop,
  cancel: m.signature_cancel, manual_entry: m.signature_manual_entry, waive: m.signature_waive, by_hand: m.signature_by_hand, go_on: m.decision_go_on, withdraw: m.decision_withdraw, adopt: m.decision_adopt,
  store_result: m.decision_store_result, close_with_last: m.decision_close_with_last, let_go: m.decision_let_go, unknown: m.unknown,
  replace: m.signature_replace, keep_order: m.signature_keep_order, stock_correct: m.signature_stock_correct, deviation_accept: m.signature_deviation_accept,
  waive_asked: m.signature_waive_asked, by_hand_asked: m.signature_by_hand_asked, ask_withdrawn: m.signature_ask_withdrawn, ask_declined: m.signature_ask_declined,
  setting_set: m.signature_setting_set, settings_import: m.signature_settings_import, make_ready: m.decision_make_ready, set_flags: m.flags_set,
};

/** What a signature means; a word that is not known stays as it is stored. */
export function signatureText(signature: SignatureView): string {
  return signature.meaning === "unknown" ? signature.word.replaceAll("_", " ") : signatureWords[signature.meaning]();
}

export const movementWords: Words<MovementKind> = {
  opening: m.movement_opening, receipt: m.movement_receipt, dosing: m.movement_dosing,
  correction: m.movement_correction,
};

export const outboxKindWords: Words<OutboxKind> = {
  consumption: m.outbox_kind_consumption, cancel_order: m.outbox_kind_cancel_order,
  equipment_failure: m.outbox_kind_equipment_failure, material_consumption: m.outbox_kind_material_consumption, mark_done: m.outbox_kind_mark_done,
};

export const linkWords: Words<LinkStateView> = {
  off: m.link_off, connecting: m.link_connecting, good: m.link_good, degraded: m.link_degraded, lost: m.link_lost,
};

export const standingWords: Words<SlotStanding> = {
  agrees: m.standing_agrees, waits: m.standing_waits, heals: m.standing_heals, differs: m.standing_differs,
  unknown: m.standing_unknown,
};

export const showsWords: Words<SlotShows> = {
  unseen: m.shows_unseen, free: m.shows_free, not_ready: m.shows_not_ready, running: m.shows_running,
  final: m.shows_final, final_stored: m.shows_final_stored, other: m.shows_other, refused: m.shows_refused,
};

export const finishWords: Words<FinishStep> = {
  running: m.run_running, stored: m.finish_stored, acked: m.finish_acked, freed: m.finish_freed,
};

/** A decision about a slot: its verb, and what follows from it. */
export const decisionWords: Record<SlotDecision, { verb: () => string; text: () => string }> = {
  go_on: { verb: m.decision_go_on, text: m.decision_go_on_text },
  withdraw: { verb: m.decision_withdraw, text: m.decision_withdraw_text },
  adopt: { verb: m.decision_adopt, text: m.decision_adopt_text },
  store_result: { verb: m.decision_store_result, text: m.decision_store_result_text },
  close_with_last: { verb: m.decision_close_with_last, text: m.decision_close_with_last_text },
  let_go: { verb: m.decision_let_go, text: m.decision_let_go_text },
  make_ready: { verb: m.decision_make_ready, text: m.decision_make_ready_text },
};

/** The verb of a decision as the journal names it; a word that is not known stays as it is. */
export function decisionText(word: string): string {
  if (word === "set_flags") return m.flags_set();
  return word in decisionWords ? decisionWords[word as SlotDecision].verb() : word;
}

export const weightWords: Words<FindingWeight> = {
  good: m.weight_good, note: m.weight_note, warning: m.weight_warning, fault: m.weight_fault,
};

export const groupWords: Words<FaultGroup> = { wire: m.group_wire, plc: m.group_plc, plant: m.group_plant, erp: m.group_erp };

/** How an order differs in the ERP. */
export const differenceWords: Words<OrderDifference["kind"]> = {
  changed: m.differs_changed, cancelled: m.differs_cancelled, done: m.differs_done, gone: m.differs_gone,
  restored: m.differs_restored,
};

export const choiceWords: Words<OrderChoice> = {
  take_over: m.choice_take_over, keep: m.choice_keep, cancel_here: m.choice_cancel_here,
};

/** What a person is here, in words. */
export function roleNames(roles: readonly Role[]): string {
  return roles.length > 0 ? roles.map((role) => roleWords[role]()).join(", ") : m.role_none();
}

/** By what somebody shows who they are, in the order of the lists. */
export const proofWords: Record<ProofKind, () => string> = { secret: m.proof_secret, pin: m.proof_pin, badge: m.proof_badge };

function roleName(word: string): string {
  return word in roleWords ? roleWords[word as Role]() : word;
}

/** Why an action is not possible now. */
export function whyNotText(why: WhyNot): string {
  switch (why.code) {
    case "needs_right": return m.why_needs_right({ role: roleName(why.role) });
    case "session_low": return m.why_session_low();
    case "wrong_state": return m.why_wrong_state();
    case "plc_offline": return m.why_plc_offline();
    case "no_free_slot": return m.why_no_free_slot();
    case "order_in_plc": return m.why_order_in_plc();
    case "no_command_word": return m.why_no_command_word();
    case "pending": return m.why_pending();
    case "no_register_map": return m.why_no_register_map();
    case "order_differs": return m.why_order_differs();
    case "own_batch": return m.why_own_batch();
    case "own_request": return m.why_own_request();
  }
}

/** Why an order did not become a batch. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.code) {
    case "unreadable": return m.refusal_unreadable({ why: refusal.why });
    case "no_lines": return m.refusal_no_lines();
    case "not_positive": return m.refusal_not_positive({ what: refusal.what, kg: refusal.kg });
    case "too_much": return m.refusal_too_much({ what: refusal.what, kg: refusal.kg, limit: refusal.limit_kg });
    case "unknown_code": return m.refusal_unknown_code({ material: refusal.material, code: refusal.equipment_code });
    case "duplicate_silo": return m.refusal_duplicate_silo({ code: refusal.equipment_code });
    case "scaling": return m.refusal_scaling({ lines: refusal.lines_kg, order: refusal.order_kg });
    case "name_too_long": return m.refusal_name_too_long({ name: refusal.name, max: String(refusal.max) });
    case "name_not_ascii": return m.refusal_name_not_ascii({ name: refusal.name });
    case "no_silo_line": return m.refusal_no_silo_line();
  }
}
