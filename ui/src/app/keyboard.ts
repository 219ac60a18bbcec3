// Keys that work on every screen. No key starts, stops or signs anything.
import { push } from "svelte-spa-router";
import { isDesktop } from "../lib/host";
import { prefs } from "../lib/prefs.svelte";
import { session } from "../lib/session.svelte";
import { keyList } from "./key-list.svelte";
import { shownScreens } from "./routes";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function onKey(event: KeyboardEvent): void {
  if (take(event)) event.preventDefault();
}

function take(event: KeyboardEvent): boolean {
  // The desktop window has nothing to reload; a reload would only lose the view.
  if (event.key === "F5" || (event.ctrlKey && event.key.toLowerCase() === "r")) return isDesktop();
  if (event.altKey && !event.ctrlKey && event.code === "KeyT") {
    prefs.toggleTheme();
    return true;
  }
  if (session.current === null) return false;
  const isDialogOpen = document.querySelector("dialog[open], div[role=alertdialog]") !== null;
  if (event.ctrlKey && event.key.toLowerCase() === "l") {
    void session.lock();
    return true;
  }
  if (isDialogOpen) return false;
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
  if (event.altKey && digit !== undefined) {
    const screen = shownScreens()[Number(digit) - 1];
    if (screen !== undefined) void push(screen.path);
    return screen !== undefined;
  }
  if (isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey) return false;
  if (event.key === "/") {
    const filter = document.querySelector<HTMLInputElement>("[data-filter]");
    filter?.focus();
    return filter !== null;
  }
  if (event.key === "?") {
    keyList.isOpen = true;
    return true;
  }
  return false;
}
