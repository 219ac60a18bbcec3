// Finds the host once: the desktop window, the scripted backend of the mock build, or a browser.
import type { Host } from "./types";

let found: Promise<Host> | null = null;

/** The host, for tests that bring their own. */
export function setHost(host: Host): void {
  found = Promise.resolve(host);
}

export function getHost(): Promise<Host> {
  found ??= find();
  return found;
}

async function find(): Promise<Host> {
  if (import.meta.env.MODE === "mock") return (await import("../../../dev/mock-host")).host;
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).host;
  return (await import("./http")).host;
}

/** True in the desktop window. */
export function isDesktop(): boolean {
  return "__TAURI_INTERNALS__" in window;
}
