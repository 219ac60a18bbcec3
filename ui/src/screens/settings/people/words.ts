// Words of people, roles and rights. A right without a word does not compile.
import type { Grant, PersonRefusal, Right, Role } from "../../../bindings";
import { roleWords } from "../../../lib/words";
import { m } from "../../../paraglide/messages.js";

export const rightWords: Record<Right, () => string> = {
  view: m.right_view, order_import: m.right_order_import, batch_approve: m.right_batch_approve, batch_reject: m.right_batch_reject, batch_start: m.right_batch_start,
  batch_pause: m.right_batch_pause, batch_stop: m.right_batch_stop, batch_cancel: m.right_batch_cancel, manual_enter: m.right_manual_enter,
  deviation_accept: m.right_deviation_accept, stock_correct: m.right_stock_correct, outbox_retry: m.right_outbox_retry, outbox_waive: m.right_outbox_waive,
  plc_decide: m.right_plc_decide, order_decide: m.right_order_decide, plc_examine: m.right_plc_examine, erp_examine: m.right_erp_examine, train: m.right_train,
  person_manage: m.right_person_manage, audit_view: m.right_audit_view, audit_export: m.right_audit_export, backup_make: m.right_backup_make, settings_change: m.right_settings_change,
};

export type RightGroup = "process" | "stock" | "plc" | "office";

export const groupWords: Record<RightGroup, () => string> = {
  process: m.right_group_process, stock: m.right_group_stock, plc: m.right_group_plc, office: m.right_group_office,
};

export const groupOf: Record<Right, RightGroup> = {
  view: "process", order_import: "process", order_decide: "process", batch_approve: "process", batch_reject: "process", batch_start: "process", batch_pause: "process",
  batch_stop: "process", batch_cancel: "process", manual_enter: "process", deviation_accept: "process", stock_correct: "stock", outbox_retry: "stock", outbox_waive: "stock",
  erp_examine: "stock", plc_decide: "plc", plc_examine: "plc", train: "plc", person_manage: "office", audit_view: "office", audit_export: "office", backup_make: "office",
  settings_change: "office",
};

export const refusalWords: Record<PersonRefusal, () => string> = {
  own: m.person_why_own, needs_super_admin: m.person_why_needs_super_admin, beyond_place: m.person_why_beyond_place, unknown_place: m.person_why_unknown_place,
  last_super_admin: m.person_why_last,
};

/** Where a grant may be made: this line, every line of this site, everywhere. */
export interface Here {
  site: string;
  siteName: string;
  line: string;
}

/** Where a grant holds, in words. */
export function placeText(grant: Pick<Grant, "site" | "line">, here: Here): string {
  if (grant.site === null) return m.person_everywhere();
  const site = grant.site === here.site ? here.siteName : grant.site;
  return grant.line === null ? m.person_every_line({ site }) : grant.site === here.site ? grant.line : `${site}, ${grant.line}`;
}

/** All grants in one line, each role once where it holds at one place only. */
export function grantsText(grants: readonly Grant[], here: Here): string {
  return grants.map((grant) => m.person_at({ role: roleWords[grant.role](), place: placeText(grant, here) })).join(" · ");
}

/** The places that a grant may name here; the key tells them apart. */
export function places(here: Here): { key: string; site: string | null; line: string | null; text: string }[] {
  return [
    { site: here.site, line: here.line }, { site: here.site, line: null }, { site: null, line: null },
  ].map((place) => ({ ...place, key: placeKey(place), text: placeText(place, here) }));
}

export const placeKey = (place: { site: string | null; line: string | null }) => JSON.stringify([place.site, place.line]);

const isAdministrative = (role: Role) => role === "admin" || role === "super_admin";

/** Whether the caller's own grants reach as far. The backend decides again; this only greys out what it would refuse. */
export function reaches(own: readonly Grant[], grant: Grant): boolean {
  return own.some((mine) => {
    const isEnough = isAdministrative(grant.role) ? mine.role === "super_admin" : isAdministrative(mine.role);
    const isWide = mine.site === null || (mine.site === grant.site && (mine.line === null || mine.line === grant.line));
    return isEnough && isWide;
  });
}
