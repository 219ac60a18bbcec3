// The faults of the demo's plant: asked for slowly, so that a disturbed plant never looks like a sound one.
// A real plant has no trainer; then nothing is asked.
import type { TrainingSet, TrainingView } from "../bindings";
import { call } from "./call";
import { asCallFailed, type CallFailed } from "./errors";

const POLL_MS = 5_000;

class Training {
  view = $state.raw<TrainingView | null>(null);
  failure = $state.raw<CallFailed | null>(null);
  #turn = 0;

  /** How many faults are on now. */
  get on(): number {
    return this.view?.faults.filter((fault) => fault.is_on && !fault.is_momentary).length ?? 0;
  }

  /** Asks until the returned function is called. */
  watch(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), POLL_MS);
    return () => {
      clearInterval(timer);
      this.#turn += 1;
      this.view = null;
      this.failure = null;
    };
  }

  load = async (): Promise<void> => {
    const turn = ++this.#turn;
    try {
      const view = await call("training_get", {});
      if (turn === this.#turn) this.#show(view);
    } catch (thrown) {
      if (turn === this.#turn) this.failure = asCallFailed(thrown);
    }
  };

  async set(change: TrainingSet): Promise<void> {
    this.#turn += 1;
    this.#show(await call("training_set", change));
  }

  async clear(): Promise<void> {
    this.#turn += 1;
    this.#show(await call("training_clear", {}));
  }

  #show(view: TrainingView): void {
    this.view = view;
    this.failure = null;
  }
}

export const training = new Training();
