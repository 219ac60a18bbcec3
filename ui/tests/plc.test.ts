// The PLC screen: what differs is marked, what is old is hatched, and nothing is decided without its steps.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { plcAnswers } from "../dev/mock-plc";
import App from "../src/app/App.svelte";
import type { LiveBatch, LiveView, PlcView, SlotTruth } from "../src/bindings";
import { disturbances } from "../src/lib/attention";
import { setHost } from "../src/lib/host";
import { journalBadge, journalText } from "../src/lib/journal";
import { session } from "../src/lib/session.svelte";
import { bySection, matching, roundTrip, sectionTitle } from "../src/screens/plc/examination";
import { ANSWER_STALE_MS, bitsText, isDoubtful, lookAge, nextText, preselected, slotSentence, stepText } from "../src/screens/plc/slots";

// Every screen is on board before the first test: none is still loading when the last one ends.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

const NOW_MS = Date.UTC(2026, 10, 22, 3, 31, 22);
const sent: { command: string; payload: object }[] = [];

async function enter(scene: string, as: string, tab?: string): Promise<HTMLElement> {
  const { host } = await import("../dev/mock-host");
  const answers = plcAnswers({
    scene, now: () => NOW_MS, isSecret: (secret) => secret === "quiet-silo-64",
    refuse: (code, message) => {
      throw { code, message, ref: "" };
    },
  });
  setHost({
    ...host,
    call: async (command, payload, token) => {
      sent.push({ command, payload });
      if (!(command in answers)) return host.call(command, payload, token);
      return structuredClone((answers[command as keyof typeof answers] as (request: object) => unknown)(payload));
    },
  });
  window.location.hash = "#/plc";
  const { container } = render(App);
  await fireEvent.click(await screen.findByTestId(`login-demo-${as}`));
  await screen.findByTestId("nav-plc");
  await replace("/plc");
  await waitFor(() => expect(screen.getByTestId("plc-link").dataset["state"]).toBeDefined());
  if (tab !== undefined) await fireEvent.click(screen.getByTestId(`tab-${tab}`));
  return container;
}

beforeEach(() => {
  sent.length = 0;
});
afterEach(() => (session.current === null ? undefined : session.close()));

const view: PlcView = plcAnswers({ scene: "differ", now: () => NOW_MS, isSecret: () => true, refuse: () => { throw new Error("refused"); } }).plc_get({});
const slot = (number: number): SlotTruth => view.slots.find((each) => each.slot === number) ?? (() => { throw new Error(`no slot ${number}`); })();

test("a look is counted on, and one that is too old, or of a lost link, says nothing about now", () => {
  expect(lookAge(slot(3), view, NOW_MS + 5_000)).toBe(5_800);
  expect(isDoubtful(slot(3), view, NOW_MS)).toBe(false);
  expect(isDoubtful(slot(3), view, NOW_MS + ANSWER_STALE_MS + 1)).toBe(true);
  expect(isDoubtful(slot(3), { ...view, link: { ...view.link, state: "lost" } }, NOW_MS)).toBe(true);
  expect(isDoubtful(slot(8), view, NOW_MS)).toBe(true);
});

test("every slot says what it waits for and since when, and nothing where nothing is the matter", () => {
  expect(slotSentence(slot(1))).toBe("PLC has not taken slot 1 since 10:25".replace("10:25", "03:25"));
  expect(slotSentence(slot(5))).toBe("PLC has not freed slot 5 since 03:29");
  expect(slotSentence(slot(3))).toBeNull();
  expect(slotSentence(slot(4))).toContain("D6354");
  expect(nextText(slot(1))).toBe("Proposed: Withdraw the recipe");
  expect(nextText(slot(7))).toBe("Follow the PLC: being carried out");
  expect(nextText(slot(3))).toBeNull();
  expect(bitsText(slot(8))).toBe("");
  expect(bitsText(slot(3))).toBe("flag 0 · ack 0 · id 17");
  expect(stepText(slot(1))).toBe("downloading · offered · id 18");
  expect(stepText(slot(5))).toBe("complete · acknowledged");
  expect(stepText(slot(2))).toBe("no batch of ours");
});

test("only a single choice is chosen from the start", () => {
  expect(preselected(["make_ready"])).toBe("make_ready");
  expect(preselected(["go_on", "close_with_last"])).toBeNull();
  expect(preselected([])).toBeNull();
});

test("findings keep the order of the report, words are found by every part of the filter", () => {
  const finding = (section: string, text: string) => ({ section, weight: "good" as const, text });
  expect(bySection([finding("reach", "a"), finding("words", "b"), finding("reach", "c")]).map((each) => [each.name, each.findings.length])).toEqual([["reach", 2], ["words", 1]]);
  expect(sectionTitle("write_test")).toBe("Write test");
  expect(sectionTitle("tomorrow")).toBe("tomorrow");
  const words = [
    { addr: 6_026, name: "slot 1 silo_a (read)", raw: "0065 0000", value: "8.25 kg", verdict: "" }, { addr: 6_354, name: "slot 4 silo_j (read)", raw: "006D 006E", value: "", verdict: "silo id 109 where 110 belongs" },
  ];
  expect(matching(words, "").length).toBe(2);
  expect(matching(words, "SILO 110").map((word) => word.addr)).toEqual([6_354]);
  expect(matching(words, "6026 kg").map((word) => word.addr)).toEqual([6_026]);
  expect(matching(words, "nothing like it")).toEqual([]);
  expect(roundTrip([402, 615, 1_240])).toBe("0.40 · 0.62 · 1.24");
  expect(roundTrip(null)).toBeNull();
});

test("differing slots are marked, old ones hatched, and the rest is quiet", async () => {
  await enter("differ", "supervisor");
  const row = (number: number) => screen.getByTestId(`slot-row-${number}`);
  expect(row(2).querySelector('[data-al="2"]')).not.toBeNull();
  expect(row(3).querySelector("[data-al]")).toBeNull();
  expect(row(3).querySelector("[data-stale]")?.getAttribute("data-stale")).toBe("false");
  expect(row(9).querySelector("[data-stale]")?.getAttribute("data-stale")).toBe("true");
  expect(row(9).textContent).toContain("last look 1 min ago");
  expect(screen.queryByTestId("decide-3")).toBeNull();
  // A decision that the plant does not let be carried out may be taken otherwise.
  expect(screen.getByTestId<HTMLButtonElement>("decide-7").disabled).toBe(false);
});

test("a decision takes a choice, a reason and the signer's own secret, and names what was seen", async () => {
  await enter("differ", "supervisor");
  await fireEvent.click(screen.getByTestId("decide-4"));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("dialog-cancel")));
  const confirm = screen.getByTestId<HTMLButtonElement>("dialog-confirm");
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "looked at silo J" } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  expect(confirm.disabled).toBe(true);
  expect(screen.getByTestId<HTMLInputElement>("decision-go_on").checked).toBe(false);
  await fireEvent.click(screen.getByTestId("decision-close_with_last"));
  expect(confirm.disabled).toBe(false);
  expect(confirm.textContent?.trim()).toBe("Close with last values");
  await fireEvent.click(confirm);
  await screen.findByText("Close with last values: being carried out");
  expect(sent.find((each) => each.command === "plc_slot_decide")?.payload).toEqual({
    slot: 4, batch: 98, version: 3, decision: "close_with_last", reason: "looked at silo J", secret: "quiet-silo-64",
  });
});

test("who may not decide sees the decision, and which role it needs", async () => {
  await enter("differ", "operator");
  expect(screen.getByTestId<HTMLButtonElement>("decide-4").disabled).toBe(true);
  expect(screen.getByTestId("decide-4").title).toBe("needs: Supervisor");
  expect(screen.getByText("Decide: needs: Supervisor")).toBeTruthy();
});

test("a PLC that was never started explains itself, and its flags are set with a signature only", async () => {
  await enter("never", "supervisor");
  await fireEvent.click(screen.getByTestId("action-plc_flags_set"));
  await fireEvent.input(await screen.findByTestId("dialog-reason"), { target: { value: "first start" } });
  expect(screen.getByTestId<HTMLButtonElement>("dialog-confirm").disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  await fireEvent.click(screen.getByTestId("dialog-confirm"));
  await waitFor(() => expect(sent.find((each) => each.command === "plc_flags_set")?.payload).toEqual({ reason: "first start", secret: "quiet-silo-64" }));
});

test("a standing program and a wish for maintenance are two marks: one alarms, one does not", async () => {
  const container = await enter("standing", "supervisor");
  expect(screen.getByTestId("plc-program").querySelector('[data-al="2"]')).not.toBeNull();
  expect(screen.getByTestId("plc-care").querySelector("[data-al]")).toBeNull();
  expect(container.querySelector("svg.care")?.getAttribute("aria-label")).toBe("Maintenance");
});

test("an examination lists findings and words, and the filter finds the bad one", async () => {
  await enter("run", "operator", "examine");
  await fireEvent.click(screen.getByTestId("examine-write"));
  await fireEvent.click(screen.getByTestId("action-plc_examine"));
  expect((await screen.findByTestId("examination")).dataset["sound"]).toBe("false");
  expect(sent.find((each) => each.command === "plc_examine")?.payload).toEqual({ write_test: true });
  await fireEvent.input(screen.getByTestId("words-filter"), { target: { value: "110 belongs" } });
  await screen.findByText("1 of 380");
  expect(screen.getByText("silo id 109 where 110 belongs")).toBeTruthy();
  await fireEvent.input(screen.getByTestId("words-filter"), { target: { value: "nowhere" } });
  expect(screen.getByText("Nothing matches “nowhere”.")).toBeTruthy();
});

test("events tell troubles first, and a map without areas says so", async () => {
  await enter("differ", "operator", "events");
  expect(await screen.findByText("D8016: 2026-13-22 is no date, raw 2613 2200")).toBeTruthy();
  expect(screen.getByTestId("failure-row-1").querySelector('[data-al="3"]')).not.toBeNull();
  expect(screen.getByTestId("weighing-row-1").textContent).toContain("no batch of ours");
});

const quiet: LiveView = {
  seq: 1, now_ms: NOW_MS, plc: { state: "good", age_ms: 800, since_ms: 0, cause: null }, erp: { state: "good", age_ms: 800, since_ms: 0, cause: null },
  books: { state: "good", since_ms: null, cause: null, room: "enough", free_bytes: 41_000_000_000 },
  outbox: { waiting: 0, in_doubt: 0, refused: 0, oldest_ms: null }, batch: null, queued: [], silos: [], pending_approvals: 0, revision: 1,
  plc_standing_still: false, plc_maintenance: false, slots_differ: 0, record_fault: null,
};
const running = (change: Partial<LiveBatch>): LiveBatch => ({
  id: 100, label: "WH/MO/00042/1", product: "Layer feed", slot: 3, word: "in_process", run: "running", version: 4, approved_by: null, approved_at_ms: null, started_at_ms: NOW_MS, since_ms: NOW_MS,
  planned_g: 1_000, dosed_g: 500, progress_bp: 5_000, plan_now_bp: null, eta_ms: null, eta_spread_ms: null, quality: "good", age_ms: 800, trouble: null, pending: null, lines: [], stalled_since_ms: null, ...change,
});

test("the banner tells of differing slots, a standing program and a batch without progress, and leads to them", () => {
  expect(disturbances({ ...quiet, plc_maintenance: true })).toEqual([]);
  expect(disturbances({ ...quiet, slots_differ: 2 }).map((each) => [each.mark, each.path])).toEqual([["2", "/plc"]]);
  expect(disturbances({ ...quiet, slots_differ: 1, batch: running({ run: "held" }) }).map((each) => each.key)).toEqual(["held100"]);
  expect(disturbances({ ...quiet, plc_standing_still: true, batch: running({ quality: "stale" }) }).map((each) => [each.key, each.mark])).toEqual([["program", "2"]]);
  expect(disturbances({ ...quiet, batch: running({ stalled_since_ms: NOW_MS - 360_000 }) }).map((each) => [each.text, each.path])).toEqual([["WH/MO/00042/1 makes no progress", "/live"]]);
});

test("the journal tells what was decided, and what became of it", () => {
  const row = (kind: Parameters<typeof journalBadge>[0], params: Record<string, string>) => journalText({ seq: 1, at_ms: 0, batch_id: null, batch_label: null, kind, params });
  expect(row("slot_decided", { slot: "4", person: "Supervisor 1", decision: "go_on", reason: "looked" })).toBe("Slot 4, Supervisor 1 decided: Let it go on, because looked");
  expect(row("slot_settled", { slot: "10", decision: "make_ready", reason: "done" })).toBe("Slot 10: carried out: Make the slot ready");
  expect(row("slot_settled", { slot: "10", reason: "the slot is not empty" })).toBe("Slot 10: decision not carried out: the slot is not empty");
  expect(row("batch_stalled", { since_s: "360" })).toBe("No progress for 6 min");
  expect(journalBadge("batch_stalled")).toBe("2");
  expect(journalBadge("plc_maintenance")).toBeNull();
});
