// The rows of a dosing table, from a live batch or from a stored one.
import type { BatchView, LiveBatch } from "../bindings";
import type { DosingLine } from "./DosingTable.svelte";

export function linesOfLive(batch: LiveBatch): DosingLine[] {
  return batch.lines;
}

/** A stored batch: a line with a judgement is final, one without has not begun. */
export function linesOfStored(view: BatchView): DosingLine[] {
  return view.lines.map((line) => ({ ...line, state: line.judgement === null ? null : "done", rate_g_s: null }));
}
