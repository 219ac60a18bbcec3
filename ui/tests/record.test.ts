// A batch's record on the screen: what goes onto paper is laid beside the screen, told to the backend once and taken
// away when the dialog is closed; a note stands among the events.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import App from "../src/app/App.svelte";
import type { RecordPrinted } from "../src/bindings";
import { setHost } from "../src/lib/host";
import { session } from "../src/lib/session.svelte";

import.meta.glob("../src/screens/**/*.svelte", { eager: true });

const sent: { command: string; payload: object }[] = [];
let change: (printed: RecordPrinted) => RecordPrinted = (printed) => printed;

beforeAll(async () => {
  // jsdom draws no images.
  HTMLImageElement.prototype.decode = () => Promise.resolve();
  const { host } = await import("../dev/mock-host");
  setHost({
    ...host,
    call: async (command, payload, token) => {
      sent.push({ command, payload });
      const answer = await host.call(command, payload, token);
      return command === "record_print" ? change(answer as RecordPrinted) : answer;
    },
  });
});
afterEach(() => (session.current === null ? undefined : session.close()));

/** Opens the record of batch 99 and prints; answers the paper. */
async function print(button: string): Promise<HTMLElement> {
  window.location.hash = "#/history/99";
  render(App);
  await fireEvent.click(await screen.findByTestId("login-demo-supervisor"));
  const dialog = vi.spyOn(window, "print").mockImplementation(() => undefined);
  await fireEvent.click(await screen.findByTestId(button));
  await waitFor(() => expect(dialog).toHaveBeenCalledOnce());
  dialog.mockRestore();
  const paper = document.querySelector<HTMLElement>("body > .paper");
  if (paper === null) throw new Error("nothing was laid out");
  return paper;
}

test("a record goes onto paper with its anchor, and a void signature and a fault are told on it", async () => {
  change = (printed) => ({
    ...printed,
    faults: ["record of batch:99, revision 1: it was changed"],
    batch: { ...printed.batch, signatures: printed.batch.signatures.map((one) => ({ ...one, valid: false })) },
  });
  const paper = await print("print-record");
  expect(paper.textContent).toContain("MR1-1842-9f86d081884c7d65-2b1c");
  expect(paper.textContent).toContain("Changed after signing");
  expect(paper.textContent).toContain("record of batch:99, revision 1: it was changed");
  expect(paper.textContent).not.toContain("everything fits");
  expect(sent.filter((one) => one.command === "record_print").map((one) => one.payload)).toEqual([{ id: 99, kind: "record" }]);
  window.dispatchEvent(new Event("afterprint"));
  expect(document.querySelector("body > .paper")).toBeNull();
});

test("a label goes onto paper, and the next one takes the place of one whose dialog never closed", async () => {
  change = (printed) => printed;
  const label = await print("print-label");
  expect(label.textContent).toContain("WH/MO/00041/1");
  expect(label.textContent).toContain("2,338.00");
  expect(label.textContent).toContain("MR1-1842-9f86d081884c7d65-2b1c");
  const dialog = vi.spyOn(window, "print").mockImplementation(() => undefined);
  await fireEvent.click(screen.getByTestId("print-record"));
  await waitFor(() => expect(dialog).toHaveBeenCalledOnce());
  dialog.mockRestore();
  expect(document.querySelectorAll("body > .paper")).toHaveLength(1);
  window.dispatchEvent(new Event("afterprint"));
  expect(document.querySelector("body > .paper")).toBeNull();
});

test("a note is sent as typed and stands among the events", async () => {
  window.location.hash = "#/history/99";
  render(App);
  await fireEvent.click(await screen.findByTestId("login-demo-operator"));
  const add = await screen.findByTestId<HTMLButtonElement>("note-add");
  expect(add.disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("note-text"), { target: { value: "lumps in silo B" } });
  await fireEvent.click(add);
  expect(await screen.findByText("Note by Operator 1: lumps in silo B", { exact: false })).toBeTruthy();
  expect(sent.filter((one) => one.command === "batch_note").map((one) => one.payload)).toEqual([{ id: 99, text: "lumps in silo B" }]);
  expect(screen.getByTestId<HTMLInputElement>("note-text").value).toBe("");
});
