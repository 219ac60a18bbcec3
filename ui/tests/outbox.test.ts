// The outbox: what a person sees of a message and may do about it, and the connection test.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import App from "../src/app/App.svelte";
import type { OutboxView } from "../src/bindings";
import { setHost } from "../src/lib/host";
import { session } from "../src/lib/session.svelte";

// Every screen is on board before the first test.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

beforeAll(async () => {
  // The scene in which the ERP is away and one message was refused.
  window.history.replaceState(null, "", "/?scene=erplost");
  setHost((await import("../dev/mock-host")).host);
});

afterEach(() => session.close());

async function enter(person: "operator" | "supervisor"): Promise<void> {
  window.location.hash = "#/outbox";
  render(App);
  await fireEvent.click(await screen.findByTestId(`login-demo-${person}`));
  await screen.findByTestId("nav-live");
  await replace("/outbox");
}

async function openRefused(): Promise<void> {
  await waitFor(() => expect(screen.getByTestId("tab-refused").textContent).toBe("Refused 1"));
  await fireEvent.click(screen.getByTestId("tab-refused"));
  await waitFor(() => expect(document.querySelectorAll("[data-testid^=outbox-state-][data-state=refused]").length).toBe(1));
  const row = document.querySelector<HTMLElement>("[data-testid^=outbox-row-]");
  if (row === null) throw new Error("no row");
  await fireEvent.click(row);
  await waitFor(() => expect(screen.getByTestId("message").dataset["state"]).toBe("refused"));
}

test("where two persons close a message, the first signature asks and is told who must sign", async () => {
  const { host } = await import("../dev/mock-host");
  const first = { signature: 71, close: "by_hand", person: "Sari Wijaya", login: "Supervisor 1", at_ms: 0, reason: "booked by the office" };
  let asked: object | null = null;
  const sent: object[] = [];
  setHost({
    ...host,
    call: async (command, payload, token) => {
      if (command === "outbox_by_hand" || command === "outbox_decline") {
        sent.push({ command, ...payload });
        asked = command === "outbox_decline" ? null : first;
      }
      const answer = await host.call(command.replace(/_by_hand|_decline/, "_get"), payload, token);
      if (!command.startsWith("outbox_") || command === "outbox_list") return answer;
      const view = answer as OutboxView;
      return { ...view, row: { ...view.row, asked, needs_two: asked === null } };
    },
  });
  await enter("supervisor");
  await openRefused();
  await fireEvent.click(await screen.findByTestId("action-outbox_by_hand"));
  expect(await screen.findByText(/the first of two signatures/)).toBeTruthy();
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "booked by the office" } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  await fireEvent.click(screen.getByTestId("dialog-confirm"));
  expect((await screen.findByTestId("asked")).textContent).toContain("Sari Wijaya");
  // Whoever asked does not sign second, and may take the request back.
  expect(screen.getByTestId<HTMLButtonElement>("action-outbox_by_hand").disabled).toBe(true);
  await fireEvent.click(screen.getByTestId("action-outbox_decline"));
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "it was another order" } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  await fireEvent.click(screen.getByTestId("dialog-confirm"));
  await waitFor(() => expect(screen.queryByTestId("asked")).toBeNull());
  expect(sent).toMatchObject([{ command: "outbox_by_hand", reason: "booked by the office" }, { command: "outbox_decline", asked: 71 }]);
  setHost(host);
});

test("a refused message shows its items and is closed as booked by hand, signed", async () => {
  await enter("supervisor");
  await openRefused();
  expect(screen.getByText("silo102: Equipment not found")).toBeTruthy();
  expect(screen.getByText("a person must look")).toBeTruthy();
  await fireEvent.click(screen.getByTestId("action-outbox_by_hand"));
  const confirm = await screen.findByTestId<HTMLButtonElement>("dialog-confirm");
  expect(confirm.disabled).toBe(true);
  await fireEvent.input(screen.getByTestId("dialog-reason"), { target: { value: "booked by the office" } });
  await fireEvent.input(screen.getByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  await fireEvent.click(confirm);
  await waitFor(() => expect(screen.getByTestId("message").dataset["state"]).toBe("by_hand"));
  await waitFor(() => expect(screen.getByTestId("tab-closed_by_hand").textContent).toBe("Closed by hand 1"));
  expect(screen.queryByTestId("action-outbox_retry")).toBeNull();
});

test("the connection test names each step, and the sentence stands at the one that failed", async () => {
  await enter("operator");
  await waitFor(() => expect(screen.getByTestId("guarantee").textContent).toBe("read-back"));
  await fireEvent.click(screen.getByTestId("connection-open"));
  await fireEvent.click(screen.getByTestId("action-erp_examine"));
  const steps = await screen.findByTestId("connection-steps");
  expect(steps.querySelectorAll("li").length).toBe(11);
  expect(screen.getByTestId("connection-connect").textContent).toContain("connect timeout");
  expect(screen.getByTestId("connection-connect").dataset["outcome"]).toBe("failed");
  expect(screen.getByTestId("connection-clock").dataset["outcome"]).toBe("skipped");
});
