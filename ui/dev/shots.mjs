// Takes pictures of the mock build's screens: node dev/shots.mjs [out] [only...]; needs a Chromium (CHROMIUM, else /usr/bin/chromium).
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const [out = "dev/shots", ...only] = process.argv.slice(2);
const root = new URL("../dist-mock/", import.meta.url).pathname;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2" };
const CSP = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'";
const server = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  try {
    const body = readFileSync(join(root, path === "/" ? "index.html" : path));
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/html", "content-security-policy": CSP }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}/`;
mkdirSync(out, { recursive: true });

const SHOTS = [
  ["login", "run", null], ["login-first", "first", null], ["login-plant", "plant", null],
  ["overview", "run", "/overview"], ["overview-over", "over", "/overview"], ["overview-empty", "empty", "/overview"], ["overview-idle-night", "idle", "/overview", { theme: "night" }],
  ["queue", "run", "/queue"], ["queue-approve", "over", "/queue/102", { click: "action-batch_approve" }], ["queue-lots", "over", "/queue/102"], ["queue-lots-id-1280", "over", "/queue/102", { language: "id", size: [1280, 720] }], ["queue-refused", "run", "/queue?tab=refused"], ["queue-operator", "run", "/queue/101", { as: "operator" }],
  ["queue-start", "idle", "/queue/101", { click: "action-batch_start" }],
  ["live", "run", "/live"], ["live-over", "over", "/live"], ["live-over-night", "over", "/live", { theme: "night" }], ["live-stale", "stale", "/live"], ["live-bad", "bad", "/live"],
  ["live-download", "download", "/live"], ["live-idle", "idle", "/live"], ["live-empty", "empty", "/live"], ["live-stop", "run", "/live", { click: "action-batch_stop" }],
  ["silos", "run", "/silos"], ["silos-consumption", "run", "/silos", { click: "tab-consumption" }], ["silos-movements", "run", "/silos", { click: "tab-movements" }],
  ["silos-correct", "run", "/silos", { clicks: ["silo-row-C", "action-silo_correct"] }], ["silos-correct-nl-1280", "run", "/silos", { language: "nl", size: [1280, 720], click: "action-silo_correct" }],
  ["deviations", "deviations", "/history/99"], ["deviations-live", "deviations", "/live"], ["deviations-accept-nl", "deviations", "/live", { language: "nl", click: "action-batch_deviation_accept" }], ["deviations-overview-id-1280", "deviations", "/overview", { language: "id", size: [1280, 720] }], ["deviations-operator-night", "deviations", "/history/100", { as: "operator", theme: "night" }],
  ["outbox", "run", "/outbox"], ["outbox-erplost", "erplost", "/outbox"], ["outbox-gate-nl-1280", "erplost", "/outbox", { language: "nl", size: [1280, 720], click: "outbox-row-WH/MO/00041/1" }], ["outbox-attempts", "erplost", "/outbox", { size: [1366, 1150], click: "outbox-row-WH/MO/00041/1" }], ["outbox-gate-night", "erplost", "/outbox", { theme: "night" }], ["veil", "lost", "/live", { wait: 13_000 }], ["menu", "run", "/overview", { click: "user-menu" }],
  ["history", "run", "/history"], ["record", "run", "/history/99"], ["record-night", "run", "/history/99", { theme: "night" }], ["paper-record", "run", "/history/99", { click: "print-record", paper: true }], ["paper-record-nl", "run", "/history/99", { click: "print-record", language: "nl", theme: "night", paper: true }], ["paper-label", "run", "/history/99", { click: "print-label", paper: true }],
  ["four-eyes-ask", "foureyes", "/outbox", { clicks: ["tab-refused", "outbox-row-WH/MO/00039/1", "action-outbox_waive"] }],
  ["plc", "run", "/plc"], ["plc-differ", "differ", "/plc"], ["plc-decide", "differ", "/plc", { click: "decide-4" }], ["plc-never", "never", "/plc"], ["plc-lost", "plclost", "/plc"], ["plc-standing-night", "standing", "/plc", { theme: "night" }],
  ["plc-link", "run", "/plc", { click: "tab-link" }], ["plc-events", "differ", "/plc", { click: "tab-events" }], ["plc-examine", "run", "/plc", { click: "tab-examine" }], ["plc-nl-1280", "differ", "/plc", { language: "nl", size: [1280, 720] }],
  ["people", "people", "/settings", { as: "super_admin", click: "settings-people" }], ["people-side", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-row-Rina"] }], ["people-new", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-add"] }], ["people-night", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-row-Administrator 1"], theme: "night" }],
  ["people-nl-1280", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-row-Rina"], language: "nl", size: [1280, 720] }], ["people-secret", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-row-Rina", "person-reset", "dialog-confirm"] }], ["people-disable", "people", "/settings", { as: "super_admin", clicks: ["settings-people", "person-row-Rina", "person-disable"] }],
  ["programs", "people", "/settings", { as: "super_admin", click: "settings-programs" }], ["programs-add-night", "people", "/settings", { as: "super_admin", clicks: ["settings-programs", "token-add"], theme: "night" }],
  ["roles", "people", "/settings", { as: "super_admin", click: "settings-roles" }], ["roles-id-night", "people", "/settings", { as: "super_admin", click: "settings-roles", language: "id", theme: "night" }], ["own-secret", "onetime", "/onetime", { wait: 500 }], ["own-secret-dialog", "people", "/overview", { as: "super_admin", clicks: ["user-menu", "secret-change-open"] }],
  ["training", "run", "/training"], ["training-on-night", "run", "/training", { click: "switch-drop", theme: "night" }], ["training-id-1280", "run", "/training", { language: "id", size: [1280, 720] }], ["live-standing", "standing", "/live"],
  ["lock", "run", "/live", { clicks: ["user-menu", "lock"] }], ["lock-night-nl-1280", "over", "/overview", { theme: "night", language: "nl", size: [1280, 720], clicks: ["user-menu", "lock"] }], ["hand-over", "run", "/live", { clicks: ["user-menu", "hand-over-open"] }], ["shift-notes", "run", "/live", { clicks: ["user-menu", "shift-notes-open"] }], ["quick", "run", "/live", { clicks: ["user-menu", "quick-open"] }],
  ["audit", "run", "/settings", { click: "settings-audit" }], ["audit-row-night", "run", "/settings", { theme: "night", clicks: ["settings-audit", "audit-row-1839"] }], ["audit-broken-nl-1280", "broken", "/settings", { language: "nl", size: [1280, 720], click: "settings-audit" }], ["audit-export", "people", "/settings", { as: "super_admin", clicks: ["settings-audit", "audit-export"] }],
  ["backup", "run", "/settings", { click: "settings-backup" }], ["backup-admin-night-nl-1280", "people", "/settings", { as: "super_admin", clicks: ["settings-backup", "backup-now", "backup-try"], theme: "night", language: "nl", size: [1280, 720] }], ["disk-full", "full", "/live"], ["record-bad", "broken", "/overview"], ["record-bad-live-night-id-1280", "broken", "/live", { theme: "night", language: "id", size: [1280, 720] }],
  ["settings", "settings", "/settings"], ["settings-value", "settings", "/settings", { click: "setting-plc.poll_live_ms" }], ["settings-demo-night-nl", "run", "/settings", { theme: "night", language: "nl", click: "setting-site.key" }],
  ["live-nl", "run", "/live", { language: "nl" }], ["queue-id", "run", "/queue", { language: "id" }], ["overview-id", "over", "/overview", { language: "id" }], ["queue-1280", "over", "/queue/102", { size: [1280, 720] }],
  ["overview-1280", "over", "/overview", { size: [1280, 720] }], ["live-1280", "over", "/live", { size: [1280, 720] }], ["live-1920", "over", "/live", { size: [1920, 1080] }],
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const [name, scene, path, options = {}] of SHOTS) {
  if (only.length > 0 && !only.some((word) => name.startsWith(word))) continue;
  const [width, height] = options.size ?? [1366, 768];
  const page = await browser.newPage({ viewport: { width, height } });
  page.on("console", (message) => message.type() === "error" && console.log(`${name}: ${message.text()}`));
  page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
  await page.addInitScript(([theme, language]) => {
    window.print = () => undefined;
    localStorage.setItem("millrace.theme", theme);
    localStorage.setItem("millrace.language", language);
  }, [options.theme ?? "day", options.language ?? "en"]);
  await page.goto(`${base}?scene=${scene}#${path ?? "/"}`);
  if (path !== null) {
    if (scene === "empty") await page.getByTestId("login-demo-supervisor").click();
    else await page.getByTestId(`login-demo-${options.as ?? "supervisor"}`).click();
    await page.getByTestId(scene === "onetime" ? "secret-old" : "nav-live").waitFor();
  }
  await page.waitForTimeout(options.wait ?? 1_400);
  for (const click of options.clicks ?? (options.click ? [options.click] : [])) {
    await page.getByTestId(click).first().click();
    await page.waitForTimeout(500);
  }
  if (options.paper) {
    // What the printer gets: as one picture, and page by page.
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 688, height: 300 });
  }
  await page.screenshot({ path: join(out, `${name}.png`), fullPage: options.paper === true });
  if (options.paper) await page.pdf({ path: join(out, `${name}.pdf`), preferCSSPageSize: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  console.log(`${name}${wide ? "  WIDER THAN THE WINDOW" : ""}`);
  await page.close();
}
await browser.close();
server.close();
