// What jsdom lacks and the screens need.
import { afterEach } from "vitest";
import { cleanup } from "@testing-library/svelte";

class NoResize {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResize;
HTMLElement.prototype.scrollIntoView ??= () => undefined;
window.matchMedia ??= ((query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} })) as unknown as typeof window.matchMedia;

afterEach(() => cleanup());
