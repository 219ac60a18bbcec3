// Whole screens over the scripted backend: calm when all is normal, and the main job's controls in their places.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { replace } from "svelte-spa-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import App from "../src/app/App.svelte";
import { setHost } from "../src/lib/host";
import { prefs } from "../src/lib/prefs.svelte";
import { session } from "../src/lib/session.svelte";

// Every screen is on board before the first test: none is still loading when the last one ends.
import.meta.glob("../src/screens/**/*.svelte", { eager: true });

beforeAll(async () => {
  setHost((await import("../dev/mock-host")).host);
});

afterEach(() => session.close());

async function enter(path: string): Promise<HTMLElement> {
  window.location.hash = `#${path}`;
  const { container } = render(App);
  await fireEvent.click(await screen.findByTestId("login-demo-supervisor"));
  await screen.findByTestId("nav-live");
  await replace(path);
  return container;
}

test("with nothing abnormal, no alarm mark is on the overview", async () => {
  const container = await enter("/overview");
  await screen.findByText("Last batches");
  await screen.findAllByText("68 %");
  expect(container.querySelectorAll("[data-al]").length).toBe(0);
  expect(screen.getByText("No disturbances")).toBeTruthy();
  expect(screen.getByTestId("status-plc").dataset["state"]).toBe("good");
});

test("a waiting batch is approved with the signer's own secret", async () => {
  await enter("/queue");
  await fireEvent.click(await screen.findByTestId("batch-row-WH/MO/00047/1"));
  await waitFor(() => expect(screen.getByTestId("detail-label").textContent).toBe("WH/MO/00047/1"));
  await fireEvent.click(await screen.findByTestId("action-batch_approve"));
  await fireEvent.input(await screen.findByTestId("dialog-secret"), { target: { value: "quiet-silo-64" } });
  await fireEvent.click(screen.getByTestId("dialog-confirm"));
  await waitFor(() => expect(screen.getByTestId("detail-state").dataset["word"]).toBe("approved"));
  expect(screen.getByText("Start: the PLC already holds a batch of this line or order")).toBeTruthy();
});

test("the live screen tells batch, progress and state, and carries the download's steps", async () => {
  await enter("/live");
  expect((await screen.findByTestId("live-label")).textContent).toBe("WH/MO/00042/1");
  expect(screen.getByTestId("live-state").dataset["word"]).toBe("in_process");
  expect(screen.getByTestId("live-progress").textContent).toMatch(/%$/);
  expect((await screen.findByTestId("download-step-taken")).dataset["done"]).toBe("true");
});

test("the language changes in place", async () => {
  await enter("/live");
  await screen.findByTestId("live-label");
  prefs.setLanguage("nl");
  await waitFor(() => expect(screen.getByTestId("live-state").textContent).toContain("In productie"));
  prefs.setLanguage("id");
  await waitFor(() => expect(screen.getByTestId("live-state").textContent).toContain("Diproses"));
  prefs.setLanguage("en");
});
