// The difference of an order as rows: what, as it was accepted, as the ERP has it now.
// Leaves out what may be chosen: the backend says that with every difference.
import type { ChangedField, ChoiceRefusal, OrderChoice, OrderDifference } from "../../bindings";
import { dayTime, NONE, plain } from "../../lib/format";
import { m } from "../../paraglide/messages.js";

export interface DifferenceRow {
  what: string;
  old: string;
  now: string;
}

/** The two masses with as many decimals as the longer one: nothing that the ERP has is rounded away. */
function masses(...texts: string[]): string[] {
  const decimals = Math.max(...texts.map((text) => text.split(".")[1]?.length ?? 0));
  return texts.map((text) => `${plain(Number(text), decimals)} kg`);
}

/** A time as the ERP writes it, which is UTC; what is none stays as it is. */
function when(text: string | null): string {
  if (text === null) return NONE;
  const at_ms = Date.parse(`${text.replace(" ", "T")}Z`);
  return Number.isNaN(at_ms) ? text : dayTime(at_ms);
}

function component(product: string | null, equipment: string | null): string {
  return [product, equipment].filter((part) => part !== null).join(" · ");
}

function row(field: ChangedField): DifferenceRow {
  switch (field.field) {
    case "name": return { what: m.order(), old: field.old, now: field.new };
    case "unreadable": return { what: m.differs_unreadable(), old: NONE, now: field.why };
    case "state": return { what: m.state(), old: field.old, now: field.new };
    case "product": return { what: m.product(), old: field.old, now: field.new };
    case "planned_start": return { what: m.differs_start(), old: when(field.old), now: when(field.new) };
    case "equipment": return { what: m.differs_equipment(), old: field.old ?? NONE, now: field.new ?? NONE };
    case "component_equipment": return { what: field.product, old: field.old ?? NONE, now: field.new ?? NONE };
    case "component_added":
      return { what: component(field.product, field.equipment), old: NONE, now: masses(field.new_kg)[0] ?? NONE };
    case "component_removed":
      return { what: component(field.product, field.equipment), old: masses(field.old_kg)[0] ?? NONE, now: NONE };
    case "bom_quantity": {
      const [old = NONE, now = NONE] = masses(field.old_kg, field.new_kg);
      return { what: m.differs_bom_quantity(), old, now };
    }
    case "quantity":
    case "component_quantity": {
      const [old = NONE, now = NONE] = masses(field.old_kg, field.new_kg);
      return { what: field.field === "quantity" ? m.plan() : component(field.product, field.equipment), old, now };
    }
  }
}

export function rowsOf(difference: OrderDifference): DifferenceRow[] {
  return difference.kind === "changed" ? difference.fields.map(row) : [];
}

/** What follows from a choice, in one sentence. */
export function consequence(choice: OrderChoice, difference: OrderDifference): string {
  switch (choice) {
    case "take_over": return m.choice_take_over_consequence();
    case "cancel_here": return m.choice_cancel_here_consequence();
    case "keep":
      return difference.kind === "changed" ? m.choice_keep_consequence() : m.choice_keep_closed_consequence();
  }
}

export const choiceRefusals: Record<ChoiceRefusal, () => string> = {
  no_content: m.choice_no_content, part_seen: m.choice_part_seen, renamed: m.choice_renamed,
  started: m.choice_started, open_in_erp: m.choice_open_in_erp, in_plc: m.choice_in_plc,
};
