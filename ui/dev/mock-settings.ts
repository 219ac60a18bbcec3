// The mock plant's settings: a file that a person may change, one value set here, one by the environment.
import type { Commands, SettingKind, SettingSource, SettingsView, SettingView } from "../src/bindings";

interface World {
  scene: string;
  refuse: (code: string, message: string) => never;
}

function row(key: string, kind: SettingKind, value: string | null, preset: string | null, unit = "", more: Partial<SettingView> = {}): SettingView {
  const source: SettingSource = value === null ? "default" : "file";
  return { key, kind, unit, value, default: preset, source, changed_by: null, changed_at_ms: null, is_pending: false, running: value, is_fixed: false, warning: null, ...more };
}
const whole = (least: string, most: string): SettingKind => ({ kind: "number", least, most, is_whole: true });

type Handlers = { [C in "settings_list" | "settings_text_get" | "settings_difference_view" | "setting_set" | "settings_import"]: (request: Commands[C]["request"]) => Commands[C]["response"] };

export function settingsAnswers({ scene, refuse }: World): Handlers {
  const isPlant = scene === "settings";
  const settings: SettingView[] = [
    row("site.key", { kind: "text" }, "north", null, "", { is_fixed: true }), row("site.name", { kind: "text" }, "North mill", null), row("site.line", { kind: "text" }, "Line 1", null),
    row("site.zone", { kind: "text" }, "Asia/Jakarta", null), row("site.language", { kind: "choice", words: ["en", "nl", "id"] }, "id", "en", "", { source: "env" }), row("silos", { kind: "file" }, "silos.toml", null),
    row("plc.registers", { kind: "file" }, "registers/north.toml", null), row("plc.poll_live_ms", whole("100", "1000"), "200", "500", "ms", { warning: "poll_fast" }), row("plc.poll_idle_ms", whole("200", "60000"), null, "1000", "ms"),
    row("plc.stall_after_s", whole("10", "3600"), "90", "120", "s", { source: "here", changed_by: "Admin 1", changed_at_ms: 1_795_340_000_000, is_pending: true, running: "120" }),
    row("plc.driver.kind", { kind: "choice", words: ["fins_udp", "fins_tcp", "modbus_tcp"] }, "fins_udp", null), row("plc.driver.address", { kind: "text" }, "192.0.2.10:9600", null),
    row("erp.import_every_min", whole("1", "10080"), null, "60", "min"), row("erp.mark_done", { kind: "choice", words: ["by_person", "by_us"] }, "by_us", "by_person"), row("erp.connector.url", { kind: "text" }, "https://erp.example", null),
    row("erp.connector.password", { kind: "secret" }, null, null), row("erp.connector.password_file", { kind: "file" }, "erp-password", null), row("erp.connector.allow_plain_http", { kind: "switch" }, null, "false"),
    row("intake.open_batches_max", whole("1", "1000"), "10", "10"), row("intake.scaling_limit_pct", { kind: "number", least: "0", most: "100", is_whole: false }, "2", "2", "%"), row("http.names", { kind: "texts" }, null, null),
  ];
  const view = (): SettingsView => ({
    file: isPlant ? "/etc/millrace/config.toml" : null, fingerprint: "f00d", why_not: isPlant ? null : "the settings of a demo are built in and cannot be changed", pending: settings.filter((one) => one.is_pending).length, settings,
  });
  return {
    settings_list: view,
    settings_text_get: () => ({ text: "[site]\nkey = \"north\"\n" }),
    settings_difference_view: () => ({ rows: [{ key: "intake.open_batches_max", before: "10", after: "20" }], has_more: false }),
    setting_set: ({ key, value, secret }) => {
      const setting = settings.find((one) => one.key === key) ?? refuse("not_found", key);
      if (secret === "") refuse("wrong_secret", "");
      Object.assign(setting, { value, source: value === null ? "default" : "here", changed_by: "Admin 1", changed_at_ms: 1_795_340_000_000, is_pending: value !== setting.running });
      return view();
    },
    settings_import: view,
  };
}
