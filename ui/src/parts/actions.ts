// The commands on a batch as a person meets them: the verb, what it asks for, and what follows from it.
// Leaves out who may do what and when: the backend says that with every batch.
import type { BatchView, SignatureMeaning } from "../bindings";
import { call } from "../lib/call";
import { m } from "../paraglide/messages.js";

export const ACTION_NAMES = [
  "batch_approve", "batch_start", "batch_pause", "batch_resume", "batch_reject", "batch_revoke", "batch_stop",
  "batch_cancel",
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

export interface Signed {
  reason: string;
  secret: string;
}

export interface ActionSpec {
  verb: () => string;
  title: (batch: { batch: string }) => string;
  consequence: (view: BatchView) => string;
  needsReason: boolean;
  /** What the signature means; `null` = it is not signed. */
  meaning: SignatureMeaning | null;
  /** Changes the plant: Cancel has the focus. */
  isPlant: boolean;
  isPrimary: boolean;
  run: (view: BatchView, version: number, signed: Signed) => Promise<BatchView>;
}

const withReason = (view: BatchView, version: number, signed: Signed) => ({
  id: view.row.id, version, reason: signed.reason, secret: signed.secret,
});

export const ACTIONS: Record<ActionName, ActionSpec> = {
  batch_approve: {
    verb: m.act_approve, title: m.act_approve_title, consequence: () => m.act_approve_consequence(),
    needsReason: false, meaning: "approve", isPlant: false, isPrimary: true,
    run: (view, version, signed) =>
      call("batch_approve", { id: view.row.id, version, content_hash: view.row.content_hash, secret: signed.secret }),
  },
  batch_start: {
    verb: m.act_start, title: m.act_start_title, consequence: () => m.act_start_consequence(),
    needsReason: false, meaning: null, isPlant: true, isPrimary: true,
    run: (view, version) => call("batch_start", { id: view.row.id, version }),
  },
  batch_pause: {
    verb: m.act_pause, title: m.act_pause_title, consequence: () => m.act_pause_consequence(),
    needsReason: true, meaning: null, isPlant: true, isPrimary: false,
    run: (view, version, signed) => call("batch_pause", { id: view.row.id, version, reason: signed.reason }),
  },
  batch_resume: {
    verb: m.act_resume, title: m.act_resume_title, consequence: () => m.act_resume_consequence(),
    needsReason: false, meaning: null, isPlant: true, isPrimary: true,
    run: (view, version) => call("batch_resume", { id: view.row.id, version }),
  },
  batch_reject: {
    verb: m.act_reject, title: m.act_reject_title, consequence: () => m.act_reject_consequence(),
    needsReason: true, meaning: "reject", isPlant: false, isPrimary: false,
    run: (view, version, signed) => call("batch_reject", withReason(view, version, signed)),
  },
  batch_revoke: {
    verb: m.act_revoke, title: m.act_revoke_title, consequence: () => m.act_revoke_consequence(),
    needsReason: true, meaning: "revoke", isPlant: false, isPrimary: false,
    run: (view, version, signed) => call("batch_revoke", withReason(view, version, signed)),
  },
  batch_stop: {
    verb: m.act_stop, title: m.act_stop_title,
    consequence: (view) => (view.row.held ? m.act_stop_held_consequence() : m.act_stop_consequence()),
    needsReason: true, meaning: "stop", isPlant: true, isPrimary: false,
    run: (view, version, signed) => call("batch_stop", withReason(view, version, signed)),
  },
  batch_cancel: {
    verb: m.act_cancel, title: m.act_cancel_title, consequence: () => m.act_cancel_consequence(),
    needsReason: true, meaning: "cancel", isPlant: false, isPrimary: false,
    run: (view, version, signed) => call("batch_cancel", withReason(view, version, signed)),
  },
};
