// What the slot table says, from what the backend tells: sentences, marks, and when a look is too old.
// Leaves out which decision is right: the backend proposes, a person decides.
import type { PlcView, SlotDecision, SlotTruth } from "../../bindings";
import { timeShort } from "../../lib/format";
import { prefs } from "../../lib/prefs.svelte";
import { decisionWords, finishWords, runWords, stepWords } from "../../lib/words";
import { m } from "../../paraglide/messages.js";

/** An answer of the backend that is older than this says nothing about now; it is asked for every two seconds. */
export const ANSWER_STALE_MS = 10_000;

/** Age of the look at a slot, counted on since the backend answered. */
export function lookAge(slot: SlotTruth, view: PlcView, now_ms: number): number | null {
  return slot.age_ms === null ? null : slot.age_ms + Math.max(0, now_ms - view.now_ms);
}

/** True when what the PLC is said to show may not hold any more. How old a look may be, the backend says: idle slots are read in turn. */
export function isDoubtful(slot: SlotTruth, view: PlcView, now_ms: number): boolean {
  const isLinked = view.link.state === "good" || view.link.state === "degraded";
  return !isLinked || slot.standing === "unknown" || slot.shows === "unseen" || now_ms - view.now_ms > ANSWER_STALE_MS;
}

const bit = (value: boolean): string => (value ? "1" : "0");

/** The words of the handshake as the PLC shows them; one that was not read has nothing to say. */
export function bitsText(slot: SlotTruth): string {
  const flag = slot.flag === null ? null : m.slot_flag({ flag: bit(slot.flag) });
  const ack = slot.ack === null ? null : m.slot_ack({ ack: bit(slot.ack) });
  const id = slot.download_id === null ? null : m.slot_id({ id: String(slot.download_id) });
  return [flag, ack, id].filter((part) => part !== null).join(" · ");
}

/** How far we are with the batch in the slot. */
export function stepText(slot: SlotTruth): string {
  const batch = slot.batch;
  if (batch === null) return m.slot_no_batch();
  const step = batch.run === "downloading" && batch.download_step !== null ? stepWords[batch.download_step]().toLocaleLowerCase(prefs.language)
    : batch.finish_step !== null && batch.finish_step !== "running" ? finishWords[batch.finish_step]() : null;
  const id = batch.download_id === null ? null : m.slot_id({ id: String(batch.download_id) });
  return [runWords[batch.run](), step, id].filter((part) => part !== null).join(" · ");
}

/** What is the matter with a slot; `null` = nothing. */
export function slotSentence(slot: SlotTruth): string | null {
  if (slot.trouble !== null) return slot.trouble;
  const since_ms = slot.batch?.waiting_since_ms ?? null;
  if (since_ms === null) return null;
  const words = { slot: String(slot.slot), time: timeShort(since_ms) };
  return slot.batch?.finish_step === "acked" ? m.slot_not_freed(words) : slot.batch?.download_step === "offered" ? m.slot_not_taken(words) : m.since({ time: words.time });
}

/** What happens next: a decision under way, or the one that is proposed. */
export function nextText(slot: SlotTruth): string | null {
  if (slot.pending !== null) return m.slot_under_way({ decision: decisionWords[slot.pending].verb() });
  return slot.proposal === null ? null : m.slot_proposed({ decision: decisionWords[slot.proposal].verb() });
}

/** The decision that is chosen from the start: only where there is no other. */
export function preselected(choices: readonly SlotDecision[]): SlotDecision | null {
  return choices.length === 1 ? (choices[0] ?? null) : null;
}
