// What jsdom lacks and the screens need.
import { afterEach } from "vitest";
import { cleanup, configure } from "@testing-library/svelte";

class NoResize {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize;
HTMLElement.prototype.scrollIntoView ??= () => undefined;
// jsdom knows the dialog element and not how it opens.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false;
  this.dispatchEvent(new Event("close"));
};
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} })) as unknown as typeof window.matchMedia;

// A screen is a chunk that is loaded first: on a busy machine that takes longer than the usual second.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => cleanup());
