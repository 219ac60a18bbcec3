// What the settings are called, and how their values read.
import type { SettingSource, SettingView } from "../../../bindings";
import { NONE } from "../../../lib/format";
import { m } from "../../../paraglide/messages.js";

const names: Record<string, () => string> = {
  "site.key": m.set_site_key,
  "site.name": m.set_site_name,
  "site.line": m.set_site_line,
  "site.zone": m.set_site_zone,
  "site.language": m.set_site_language,
  "silos": m.set_silos,
  "plc.registers": m.set_plc_registers,
  "plc.poll_live_ms": m.set_plc_poll_live_ms,
  "plc.poll_idle_ms": m.set_plc_poll_idle_ms,
  "plc.poll_area_ms": m.set_plc_poll_area_ms,
  "plc.stall_after_s": m.set_plc_stall_after_s,
  "plc.batches_in_plc_max": m.set_plc_batches_in_plc_max,
  "plc.driver.kind": m.set_plc_driver_kind,
  "plc.driver.address": m.set_plc_driver_address,
  "plc.driver.node_local": m.set_plc_driver_node_local,
  "plc.driver.node_plc": m.set_plc_driver_node_plc,
  "plc.driver.nodes_swapped": m.set_plc_driver_nodes_swapped,
  "plc.driver.unit_id": m.set_plc_driver_unit_id,
  "plc.driver.base": m.set_plc_driver_base,
  "plc.driver.local_port": m.set_plc_driver_local_port,
  "plc.driver.timeout_ms": m.set_plc_driver_timeout_ms,
  "plc.driver.read_retries": m.set_plc_driver_read_retries,
  "plc.driver.gap_ms": m.set_plc_driver_gap_ms,
  "plc.driver.keepalive_s": m.set_plc_driver_keepalive_s,
  "plc.driver.max_words": m.set_plc_driver_max_words,
  "erp.import_every_min": m.set_erp_import_every_min,
  "erp.bom_reference_kg": m.set_erp_bom_reference_kg,
  "erp.mark_done": m.set_erp_mark_done,
  "erp.posts_per_second_max": m.set_erp_posts_per_second_max,
  "erp.late_request_s": m.set_erp_late_request_s,
  "erp.connector.kind": m.set_erp_connector_kind,
  "erp.connector.url": m.set_erp_connector_url,
  "erp.connector.database": m.set_erp_connector_database,
  "erp.connector.login": m.set_erp_connector_login,
  "erp.connector.password": m.set_erp_connector_password,
  "erp.connector.password_file": m.set_erp_connector_password_file,
  "erp.connector.timeout_ms": m.set_erp_connector_timeout_ms,
  "erp.connector.ca_file": m.set_erp_connector_ca_file,
  "erp.connector.api": m.set_erp_connector_api,
  "erp.connector.allow_plain_http": m.set_erp_connector_allow_plain_http,
  "intake.policy": m.set_intake_policy,
  "intake.open_batches_max": m.set_intake_open_batches_max,
  "intake.order_max_kg": m.set_intake_order_max_kg,
  "intake.scaling_limit_pct": m.set_intake_scaling_limit_pct,
  "backup.folder": m.set_backup_folder,
  "backup.second_folder": m.set_backup_second_folder,
  "backup.hour": m.set_backup_hour,
  "backup.keep_daily": m.set_backup_keep_daily,
  "backup.keep_weekly": m.set_backup_keep_weekly,
  "backup.keep_monthly": m.set_backup_keep_monthly,
  "http.certificate": m.set_http_certificate,
  "http.key": m.set_http_key,
  "http.names": m.set_http_names,
  "http.requests_per_second_max": m.set_http_requests_per_second_max,
  "http.connections_max": m.set_http_connections_max,
  "session.lower_after_min": m.set_session_lower_after_min,
  "session.lock_after_min": m.set_session_lock_after_min,
  "signature.four_eyes": m.set_signature_four_eyes,
};

const groups: Record<string, () => string> = {
  site: m.settings_group_site, plc: m.settings_group_plc, erp: m.settings_group_erp, intake: m.settings_group_intake, backup: m.settings_group_backup, http: m.settings_group_http, signature: m.settings_group_signature, session: m.settings_group_session,
};

export const sourceWords: Record<SettingSource, () => string> = {
  default: m.settings_source_default, file: m.settings_source_file, env: m.settings_source_env, here: m.settings_source_here,
};

const warnings: Record<string, () => string> = {
  poll_fast: m.warn_poll_fast, timeout_over_poll: m.warn_timeout_over_poll, nodes_swapped: m.warn_nodes_swapped,
  plain_http: m.warn_plain_http, password_inline: m.warn_password_inline,
};

/** A setting's name; its key where a newer program knows one more. */
export function nameOf(key: string): string {
  return names[key]?.() ?? key;
}

/** The group that a setting stands in. The silos file belongs to the site. */
export function groupOf(key: string): string {
  return key.includes(".") ? (key.split(".")[0] ?? key) : "site";
}

export function groupName(group: string): string {
  return groups[group]?.() ?? group;
}

export function warningText(word: string): string {
  return warnings[word]?.() ?? word;
}

/** A value with its unit, as a person reads it. */
export function valueText(setting: SettingView, value: string | null): string {
  if (setting.kind.kind === "secret") return value === null ? m.settings_secret_unset() : m.settings_secret_set();
  if (value === null || value === "") return NONE;
  if (setting.kind.kind === "switch") return value === "true" ? m.settings_yes() : m.settings_no();
  return setting.unit === "" ? value.replaceAll("\n", ", ") : `${value} ${setting.unit}`;
}
