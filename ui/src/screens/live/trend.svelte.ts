// The dosed total of the running batch: what the backend has stored, and what the live values add to it.
import type { LiveBatch } from "../../bindings";
import { call } from "../../lib/call";

/** Past this, the backend's thinned-out series is fetched again. */
const POINTS_MAX = 3_000;

export class TrendFeed {
  times = $state.raw<number[]>([]);
  values = $state.raw<(number | null)[]>([]);
  aim_kg = $state(0);
  #id: number | null = null;
  #isLoading = false;

  /** Follows the batch; a value that cannot be trusted becomes a gap. */
  take(batch: LiveBatch, now_ms: number): void {
    if (this.#id !== batch.id) {
      this.#id = batch.id;
      this.times = [];
      this.values = [];
      this.aim_kg = batch.planned_g / 1000;
      void this.#load(batch.id);
    }
    if (this.#isLoading) return;
    const at = now_ms / 1000;
    const last = this.times.at(-1);
    if (last !== undefined && at <= last) return;
    const isTrusted = batch.quality === "good" || batch.quality === "uncertain";
    this.times = [...this.times, at];
    this.values = [...this.values, isTrusted && batch.dosed_g !== null ? batch.dosed_g / 1000 : null];
    if (this.times.length > POINTS_MAX) void this.#load(batch.id);
  }

  async #load(id: number): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const trend = await call("batch_trend", { id });
      if (this.#id !== id) return;
      this.times = trend.at_ms.map((at_ms) => at_ms / 1000);
      this.values = trend.dosed_g.map((mass_g) => (mass_g === null ? null : mass_g / 1000));
      this.aim_kg = trend.planned_g / 1000;
    } catch {
      // The trend then starts with the live values; the table beside it is complete.
    } finally {
      this.#isLoading = false;
    }
  }
}
