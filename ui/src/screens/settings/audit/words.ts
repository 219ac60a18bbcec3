// The trail's words for people. Actions stand in the books as commands or steps of the engine; what has no
// sentence of its own is shown as it stands, readable but not translated.
import type { AuditRowView } from "../../../bindings";

/** `batch_approve` → `batch approve`: the stored word, legible. */
export function actionText(action: string): string {
  return action.replaceAll("_", " ");
}

/** A batch by its label, whatever else as it is stored. */
export function objectText(row: AuditRowView): string {
  return row.label ?? (row.object.startsWith("setting:") ? row.object.slice("setting:".length) : row.object.replace(":", " ").replaceAll("_", " "));
}

/** The first millisecond of a day as `YYYY-MM-DD`, on the clock of this computer; `null` while it is none. */
export function dayMs(text: string): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (parts === null) return null;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])).getTime();
}

export interface Change {
  name: string;
  before: string;
  after: string;
}

function fields(text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = text;
  }
  const word = (each: unknown) => (typeof each === "string" ? each : each === null ? "" : JSON.stringify(each));
  if (value === null) return new Map();
  if (typeof value !== "object" || Array.isArray(value)) return new Map([["", word(value)]]);
  return new Map(Object.entries(value).map(([name, each]) => [name, word(each)]));
}

/** Names the row's signatures, which stand beside the changes. */
const SIGNED = "signed";

/** Before and after of a row, field by field. */
export function changes(row: AuditRowView): Change[] {
  const [before, after] = [fields(row.before), fields(row.after)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => name !== SIGNED).map((name) => ({ name: name.replaceAll("_", " "), before: before.get(name) ?? "", after: after.get(name) ?? "" }));
}
