// Commands to the plant: nothing on a careless key, nothing without its steps, and a refusal that tells why.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import App from "../src/app/App.svelte";
import { call } from "../src/lib/call";
import { CallFailed } from "../src/lib/errors";
import { setHost } from "../src/lib/host";
import type { Host } from "../src/lib/host/types";
import { session } from "../src/lib/session.svelte";
import ConfirmDialog from "../src/parts/ConfirmDialog.svelte";

const READS = /^(app_info|session_\w+|\w+_get|\w+_list|batch_trend|batch_chart|silo_consumption|silo_movements)$/;
const sent: string[] = [];

// Every screen is on board before the keys begin.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

beforeAll(async () => {
  const { host } = await import("../dev/mock-host");
  setHost({ ...host, call: (command, payload, token) => (sent.push(command), host.call(command, payload, token)) } satisfies Host);
});

beforeEach(() => {
  sent.length = 0;
});

const dialog = (onConfirm: () => Promise<void>, more: object = {}) =>
  render(ConfirmDialog, { isOpen: true, title: "Stop WH/MO/00042/1?", consequence: "It ends here.", verb: "Stop", needsReason: true, signs: { meaning: "stop", what: "WH/MO/00042/1", hash: "3f9a00d2c41d77e2" }, onConfirm, ...more });

test("a plant command's dialog has its focus on Cancel and waits for reason and secret", async () => {
  const onConfirm = vi.fn(() => Promise.resolve());
  dialog(onConfirm);
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("dialog-cancel")));
  const confirm = screen.getByTestId<HTMLButtonElement>("dialog-confirm");
  expect(confirm.disabled).toBe(true);
  // What is signed stands in the dialog: meaning, thing, and the first digits of its content hash.
  expect(screen.getByTestId("signing").textContent).toContain("Stopped");
  expect(screen.getByTestId("signing").textContent).toContain("content 3f9a00d2c41d…");
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "no" } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  expect(confirm.disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "wrong material" } });
  expect(confirm.disabled).toBe(false);
  await fireEvent.click(confirm);
  await waitFor(() => expect(onConfirm).toHaveBeenCalledWith({ reason: "wrong material", secret: "quiet-silo-64" }));
});

test("a refused command keeps the dialog, says why, and forgets the secret", async () => {
  dialog(() => Promise.reject(new CallFailed("wrong_secret", "", null)), { needsReason: false });
  const secret = await screen.findByTestId<HTMLInputElement>("dialog-secret");
  await fireEvent.input(secret, { target: { value: "guess" } });
  await fireEvent.click(screen.getByTestId("dialog-confirm"));
  expect(await screen.findByText("Name or secret is wrong.")).toBeTruthy();
  expect(secret.value).toBe("");
});

test("a refusal arrives with its code, whatever the transport", async () => {
  await expect(call("batch_get", { id: 100 })).rejects.toMatchObject({ code: "not_logged_in" });
});

test("five thousand random keys command nothing", async () => {
  const seed = 4_711;
  let state = seed;
  const next = (count: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const keys = [..."abcdefghijklmnopqrstuvwxyz0123456789/?.,-+ ", "Enter", "Escape", "Tab", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Delete", "F1", "F5", "F11"];
  render(App);
  await fireEvent.click(await screen.findByTestId("login-demo-supervisor"));
  await screen.findByTestId("nav-live");
  for (let run = 0; run < 5_000; run += 1) {
    const key = keys[next(keys.length)] ?? "a";
    const digit = /^\d$/.test(key) ? `Digit${key}` : /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : key;
    // Logging out would end the test early: every other Ctrl combination takes part.
    const ctrlKey = next(12) === 0 && key !== "l";
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, code: digit, ctrlKey, altKey: next(12) === 0, bubbles: true, cancelable: true }));
    // Lets the screen that a key opened come up before the next keys.
    if (run % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  expect(session.current).not.toBeNull();
  expect(sent.filter((command) => !READS.test(command)), `seed ${seed}`).toEqual([]);
  await session.close();
}, 120_000);
