// The training screen: no fault is hidden, no amount is repaired, and a disturbed plant says so everywhere.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import App from "../src/app/App.svelte";
import type { TrainingFault } from "../src/bindings";
import { setHost } from "../src/lib/host";
import { session } from "../src/lib/session.svelte";
import { byGroup, faultWords, parseAmount, unitSign } from "../src/screens/training/faults";

// Every screen is on board before the first test: none is still loading when the last one ends.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

const sent: { command: string; payload: object }[] = [];

beforeAll(async () => {
  const { host } = await import("../dev/mock-host");
  setHost({ ...host, call: (command, payload, token) => (sent.push({ command, payload }), host.call(command, payload, token)) });
});
afterEach(() => (session.current === null ? undefined : session.close()));

const fault = (change: Partial<TrainingFault>): TrainingFault => ({
  key: "scale_drift", group: "plant", is_momentary: false, is_on: false, value: 10, unit: "permille", least: -200, most: 200, target: null, targets: [], count: 0, ...change,
});

test("an amount is taken as typed or not at all", () => {
  expect(parseAmount("-200", fault({}))).toBe(-200);
  expect(parseAmount(" 12 ", fault({}))).toBe(12);
  for (const text of ["201", "-201", "1.5", "1e2", "", "ten", "99999999999"]) expect(parseAmount(text, fault({})), text).toBeNull();
});

test("a fault without words is called by its key, and groups keep the plant's order", () => {
  expect(faultWords("belt_slips").name()).toBe("belt_slips");
  expect(faultWords("drop").name()).toBe("Lost frames");
  expect(byGroup([fault({ key: "b" }), fault({ key: "w", group: "wire" }), fault({ key: "a" })]).map((each) => [each.group, each.faults.map((one) => one.key)])).toEqual([["wire", ["w"]], ["plant", ["b", "a"]]]);
  expect([unitSign("permille"), unitSign("kg")]).toEqual(["‰", "kg"]);
});

test("a fault is switched with its amount, the status bar tells it, and all go off at once", async () => {
  window.location.hash = "#/training";
  render(App);
  await fireEvent.click(await screen.findByTestId("login-demo-operator"));
  await screen.findByTestId("nav-training");
  await replace("/training");
  expect((await screen.findByTestId("fault-belt_slips")).textContent).toContain("belt_slips");
  expect(screen.queryByTestId("status-faults")).toBeNull();

  const amount = screen.getByTestId<HTMLInputElement>("amount-drop");
  await fireEvent.input(amount, { target: { value: "2000" } });
  expect(screen.getByTestId<HTMLButtonElement>("switch-drop").disabled).toBe(true);
  await fireEvent.input(amount, { target: { value: "300" } });
  await fireEvent.click(screen.getByTestId("switch-drop"));
  expect((await screen.findByTestId("status-faults")).textContent).toBe("faults on: 1");
  expect(sent.filter((each) => each.command === "training_set").map((each) => each.payload)).toEqual([{ key: "drop", is_on: true, value: 300, target: null }]);

  await fireEvent.click(screen.getByTestId("do-equipment_failure"));
  await waitFor(() => expect(sent.filter((each) => each.command === "training_set").at(-1)?.payload).toEqual({ key: "equipment_failure", is_on: true, value: null, target: 101 }));

  await fireEvent.click(screen.getByTestId("training-clear"));
  await waitFor(() => expect(screen.queryByTestId("status-faults")).toBeNull());
});
