// What only this screen says: attempts, items that the ERP left out, the steps of the connection test.
import type { AttemptAct, AttemptOutcome, ErpStep, ErpStepOutcome, GuaranteeView, ItemFate } from "../../bindings";
import { m } from "../../paraglide/messages.js";

type Words<K extends string> = Record<K, () => string>;

export const actWords: Words<AttemptAct> = { send: m.attempt_send, read_back: m.attempt_read_back };

export const outcomeWords: Words<AttemptOutcome> = {
  posted: m.posting_posted, in_doubt: m.posting_in_doubt, not_sent: m.attempt_not_sent, refused: m.posting_refused, partial: m.attempt_partial,
};

export const fateWords: Words<ItemFate> = { permanent: m.fate_permanent, temporary: m.fate_temporary, unknown: m.fate_unknown };

export const stepWords: Words<ErpStep> = {
  settings: m.erp_step_settings, plain_http: m.erp_step_plain_http, dns: m.erp_step_dns, connect: m.erp_step_connect, tls: m.erp_step_tls,
  is_odoo: m.erp_step_is_odoo, database: m.erp_step_database, log_in: m.erp_step_log_in, version: m.erp_step_version, rights: m.erp_step_rights,
  clock: m.erp_step_clock,
};

export const stepOutcomeWords: Words<ErpStepOutcome> = { ok: m.enough, failed: m.run_aborted, skipped: m.erp_step_skipped };

export function guaranteeText(guarantee: GuaranteeView): string {
  return guarantee.kind === "unique_key" ? m.guarantee_unique_key({ version: guarantee.version }) : m.guarantee_read_back();
}
