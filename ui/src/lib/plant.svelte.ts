// What the program says about itself before anybody logs in: site, line, zone, demo, problems.
import type { AppInfo } from "../bindings";
import { call } from "./call";
import { asCallFailed, type CallFailed } from "./errors";
import { prefs } from "./prefs.svelte";

class Plant {
  info = $state.raw<AppInfo | null>(null);
  failure = $state.raw<CallFailed | null>(null);
  #arrivedAt = 0;

  async load(): Promise<void> {
    try {
      const info = await call("app_info", {});
      this.#arrivedAt = performance.now();
      this.info = info;
      this.failure = null;
      prefs.adoptLanguage(info.language);
    } catch (thrown) {
      this.failure = asCallFailed(thrown);
    }
  }

  /** IANA name of the site's zone: every time on screen is in it. */
  get zone(): string {
    return this.info?.zone ?? "UTC";
  }

  /** The backend's clock as we reckon it, before live values bring a better one. */
  estimateNow(): number | null {
    return this.info === null ? null : this.info.now_ms + (performance.now() - this.#arrivedAt);
  }
}

export const plant = new Plant();
