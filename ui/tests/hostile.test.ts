// Whatever ERP, PLC and people write into names, reasons and answers stays text on every screen.
import { fireEvent, render, screen } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import App from "../src/app/App.svelte";
import { setHost } from "../src/lib/host";
import type { Host } from "../src/lib/host/types";
import { session } from "../src/lib/session.svelte";

import.meta.glob("../src/screens/**/*.svelte", { eager: true });

const RUNS = "globalThis.hasRun=1";
const HOSTILE: readonly string[] = [
  `<script>${RUNS}</script>`, `<img src=x onerror="${RUNS}">`, `<svg onload=${RUNS}>`, `<svg/onload=${RUNS}//`, `"><img src=x onerror=${RUNS}>`,
  `'><script>${RUNS}</script>`, `</title><script>${RUNS}</script>`, `</textarea><img src=x onerror=${RUNS}>`, `<iframe srcdoc="<script>parent.${RUNS}</script>">`, `<iframe src="javascript:parent.${RUNS}">`,
  `<object data="javascript:${RUNS}">`, `<embed src="javascript:${RUNS}">`, `<a href="javascript:${RUNS}">x</a>`, `javascript:${RUNS}`, `<body onload=${RUNS}>`,
  `<details open ontoggle=${RUNS}>`, `<video><source onerror=${RUNS}>`, `<audio src=x onerror=${RUNS}>`, `<input autofocus onfocus=${RUNS}>`, `<select autofocus onfocus=${RUNS}>`,
  `<marquee onstart=${RUNS}>`, `<form action="javascript:${RUNS}"><button>x</button></form>`, `<button formaction="javascript:${RUNS}">x</button>`, `<math><mi xlink:href="javascript:${RUNS}">x</mi></math>`, `<link rel=stylesheet href="javascript:${RUNS}">`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUNS}">`, `<base href="javascript:${RUNS}//">`, `<style>@import "javascript:${RUNS}";</style>`, `<div style="background:url(javascript:${RUNS})">`, `<template><script>${RUNS}</script></template>`,
  `{@html "<img src=x onerror=${RUNS}>"}`, `{{constructor.constructor("${RUNS}")()}}`, `\${${RUNS}}`, `<!--><script>${RUNS}</script>-->`, `<![CDATA[<script>${RUNS}</script>]]>`,
  `&lt;script&gt;${RUNS}&lt;/script&gt;`, `&#60;script&#62;${RUNS}&#60;/script&#62;`, `\\u003cscript\\u003e${RUNS}\\u003c/script\\u003e`, `<scr\u0000ipt>${RUNS}</scr\u0000ipt>`, `<ScRiPt >${RUNS}</ScRiPt>`,
  `<img src="x\` \`<script>${RUNS}</script>"\` \`>`, `<svg><animate onbegin=${RUNS} attributeName=x dur=1s>`, `<svg><use href="data:image/svg+xml,<svg id='x' onload='${RUNS}'/>#x">`, `<svg><foreignObject><img src=x onerror=${RUNS}></foreignObject></svg>`, `<xss id=x tabindex=1 onfocus=${RUNS}></xss>`,
  `" onmouseover="${RUNS}`, `' autofocus onfocus='${RUNS}`, `\` onclick=\`${RUNS}`, `x" style="animation-name:x" onanimationstart="${RUNS}`, `data:text/html,<script>${RUNS}</script>`,
];

/** Fields whose text comes from outside or from people; what the screens branch on is not among them. */
const FREE = /^(label|product|name|order_name|batch_label|material|equipment_code|refusal_text|message|cause|text|reason|trouble|tag|person|by|user|last_answer|answer|what|detail|line|site|plc|erp|odoo_code|address|title|hint|note)$/u;
/** Names by which the tests themselves find their way. */
const KEPT = new Set(["demo_people"]);

let next = 0;
function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") {
    if (!FREE.test(key)) return value;
    const text = HOSTILE[next % HOSTILE.length] ?? "";
    next += 1;
    return text;
  }
  if (Array.isArray(value)) return value.map((each) => poisoned(each, key));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, KEPT.has(name) ? each : poisoned(each, name)]));
}

/** Elements and attributes that only a hostile text would bring. */
function intruders(root: ParentNode): string[] {
  const elements = [...root.querySelectorAll("script, iframe, object, embed, link, meta, base, marquee, foreignObject, animate, xss, template, video, audio, math")];
  const attributed = [...root.querySelectorAll("*")].filter((element) =>
    [...element.attributes].some(({ name, value }) => name.startsWith("on") || (/^(href|src|action|formaction|data|xlink:href)$/u.test(name) && /^\s*(javascript|data:text)/iu.test(value))));
  return [...elements, ...attributed].map((element) => element.outerHTML.slice(0, 120));
}

beforeAll(async () => {
  const { host } = await import("../dev/mock-host");
  const hostile: Host = {
    kind: "mock",
    call: async (command, payload, token) => poisoned(await host.call(command, payload, token)),
    subscribe: (token, onEvent) => host.subscribe(token, (event) => onEvent({ name: event.name, data: poisoned(event.data) })),
  };
  setHost(hostile);
});

afterEach(async () => {
  if (session.current !== null) await session.close();
});

test("there are fifty hostile texts, each another one", () => {
  expect(new Set(HOSTILE).size).toBe(50);
});

test("an element that a text brought along would be found", () => {
  const found = HOSTILE.filter((text) => {
    const page = document.createElement("div");
    page.innerHTML = text;
    return intruders(page).length > 0;
  });
  expect(found.length).toBeGreaterThan(28);
});

const paths = ["/overview", "/queue", "/queue/102", "/live", "/silos", "/history", "/history/98", "/outbox", "/plc", "/settings", "/training"];

test.each(paths)("hostile texts stay texts on %s", async (path) => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  // Every text has its turn in every place sooner or later.
  for (let round = 0; round < 3; round += 1) {
    window.location.hash = `#${path}`;
    const { container, unmount } = render(App);
    await fireEvent.click(await screen.findByTestId("login-demo-supervisor"));
    await screen.findByTestId("nav-live");
    await replace(path);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(intruders(container)).toEqual([]);
    expect(container.textContent).toContain("hasRun");
    expect("hasRun" in globalThis).toBe(false);
    await session.close();
    unmount();
    next += 17;
  }
});
