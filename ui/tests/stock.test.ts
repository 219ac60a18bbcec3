// What a supervisor signs after looking at the silos and at a result: a count, and lines out of tolerance.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import App from "../src/app/App.svelte";
import { setHost } from "../src/lib/host";
import { session } from "../src/lib/session.svelte";

// Every screen is on board before the first test.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

const SECRET = "quiet-silo-64";

beforeAll(async () => {
  // The scene in which two batches ended out of tolerance and one line was accepted.
  window.history.replaceState(null, "", "/?scene=deviations");
  setHost((await import("../dev/mock-host")).host);
});

afterEach(() => session.close());

async function enter(person: "operator" | "supervisor", path: string): Promise<void> {
  window.location.hash = `#${path}`;
  render(App);
  await fireEvent.click(await screen.findByTestId(`login-demo-${person}`));
  await screen.findByTestId("nav-live");
  await replace(path);
}

async function sign(reason: string): Promise<void> {
  const confirm = screen.getByTestId<HTMLButtonElement>("dialog-confirm");
  expect(confirm.disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: reason } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: SECRET } });
  expect(confirm.disabled).toBe(false);
  await fireEvent.click(confirm);
}

test("a count shows its difference, refuses what cannot be, and stands in the ledger with its signature", async () => {
  await enter("supervisor", "/silos");
  await fireEvent.click(await screen.findByTestId("silo-row-C"));
  await fireEvent.click(screen.getByTestId("action-silo_correct"));
  const counted = await screen.findByTestId<HTMLInputElement>("stock-counted");
  await waitFor(() => expect(document.activeElement).toBe(counted));
  expect(screen.getByTestId<HTMLSelectElement>("stock-silo").selectedOptions[0]?.textContent).toBe("C · Soy 46");
  const difference = (typed: string) => fireEvent.input(counted, { target: { value: typed } }).then(() => screen.getByTestId("stock-difference").textContent);
  expect(await difference("4900.5")).toBe("−19.50 kg");
  expect(await difference("4920")).toBe("0.00 kg");
  expect(screen.getByText("The ledger says the same: there is nothing to correct")).toBeTruthy();
  await difference("12000.01");
  expect(screen.getByText("More than the silo can hold: 12,000.00 kg")).toBeTruthy();
  expect(await difference("4931")).toBe("+11.00 kg");
  await sign("counted by hand this morning");
  await waitFor(() => expect(screen.queryByTestId("stock-counted")).toBeNull());
  await fireEvent.click(screen.getByTestId("tab-movements"));
  await waitFor(() => expect(screen.getByText("Supervisor 1: counted by hand this morning")).toBeTruthy());
});

test("who may not sign sees why, and nothing to press", async () => {
  await enter("operator", "/silos");
  const correct = await screen.findByTestId<HTMLButtonElement>("action-silo_correct");
  expect([correct.disabled, correct.title]).toEqual([true, "needs: Supervisor"]);
  await replace("/history/100");
  const accept = await screen.findByTestId<HTMLButtonElement>("action-batch_deviation_accept");
  expect([accept.disabled, accept.title]).toEqual([true, "needs: Supervisor"]);
});

test("the open line of a batch is accepted; the accepted one shows by whom and why", async () => {
  await enter("supervisor", "/history/99");
  const list = await screen.findByTestId("deviations");
  expect(list.textContent).toContain("accepted by Sari Wijaya");
  expect(screen.getByTestId("deviation-silo-105").textContent).toContain("waits for acceptance");
  await fireEvent.click(screen.getByTestId("action-batch_deviation_accept"));
  await screen.findByTestId("dialog-confirm");
  await sign("lime is within the order as a whole");
  await waitFor(() => expect(screen.getByTestId("deviation-silo-105").textContent).toContain("lime is within the order as a whole"));
  expect(screen.queryByTestId("action-batch_deviation_accept")).toBeNull();
});
