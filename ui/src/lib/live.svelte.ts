// The live snapshot and the clock that it carries. One place decides whether the backend is there.
// Leaves out what any value means: screens do that.
import type { BatchRowView, JournalView, LiveView } from "../bindings";
import { call, getToken } from "./call";
import { getHost } from "./host";
import type { AppEvent, Unsubscribe } from "./host/types";
import { plant } from "./plant.svelte";

/** Values are drawn at most this often. */
const DRAW_MS = 450;
/** Without a snapshot for so long, the picture is frozen and says so. */
const LOST_MS = 5_000;
/** Without a pushed snapshot for so long, one is asked for. */
const ASK_MS = 2_500;
const TICK_MS = 250;
/** For so long a started batch may be missing from the live values. */
const START_SHOWN_MS = 10_000;

class Live {
  view = $state.raw<LiveView | null>(null);
  /** The backend's clock, in steps of a quarter second. */
  now = $state(0);
  /** When the backend was last heard, by its clock, once it is lost. */
  lostSince = $state<number | null>(null);
  /** A batch that was started here and has not shown up in the live values yet. */
  started = $state.raw<BatchRowView | null>(null);
  /** The batch that was in the live values last, for its result after it has left them. */
  lastBatchId = $state<number | null>(null);
  /** Rises with every journal row that was pushed. */
  journalSeq = $state(0);
  #startedAt = 0;
  #arrivedAt = 0;
  #drawnAt = 0;
  #held: LiveView | null = null;
  #isAsking = false;
  #stop: Unsubscribe | null = null;
  #tick: ReturnType<typeof setInterval> | undefined;

  /** Changes whenever lists should ask again. */
  get revision(): number {
    return this.view?.revision ?? 0;
  }

  /** True while the PLC link carries values. */
  get isPlcGood(): boolean {
    const state = this.view?.plc.state;
    return state === "good" || state === "degraded";
  }

  /** Remembers what was started, so that the screen speaks of it and not of the batch before. */
  expect(row: BatchRowView): void {
    this.started = row;
    this.#startedAt = performance.now();
  }

  async open(): Promise<void> {
    this.close();
    this.#arrivedAt = performance.now();
    this.#tick = setInterval(() => this.#onTick(), TICK_MS);
    void this.#ask();
    const host = await getHost();
    try {
      this.#stop = await host.subscribe(getToken(), (event) => this.#onEvent(event));
    } catch {
      // Asking goes on; the veil appears if that fails as well.
      this.#stop = null;
    }
  }

  close(): void {
    this.#stop?.();
    this.#stop = null;
    clearInterval(this.#tick);
    this.view = null;
    this.#held = null;
    this.lostSince = null;
    this.started = null;
    this.lastBatchId = null;
  }

  /** The clock before anybody has logged in. */
  tickWithoutSession(): void {
    if (this.view === null) this.now = plant.estimateNow() ?? 0;
  }

  #onEvent(event: AppEvent): void {
    if (event.name === "live") this.#take(event.data as LiveView);
    else if (event.name === "journal") this.journalSeq = (event.data as JournalView).seq;
  }

  #take(view: LiveView): void {
    this.#arrivedAt = performance.now();
    this.lostSince = null;
    if (performance.now() - this.#drawnAt >= DRAW_MS || this.view === null) this.#draw(view);
    else this.#held = view;
  }

  #draw(view: LiveView): void {
    this.#drawnAt = performance.now();
    if (this.started !== null && (view.batch?.id === this.started.id || this.#drawnAt - this.#startedAt > START_SHOWN_MS)) this.started = null;
    this.#held = null;
    // A download that was given up leaves no result.
    if (view.batch !== null) this.lastBatchId = view.batch.id;
    else if (this.view?.batch?.run === "downloading") this.lastBatchId = null;
    this.view = view;
    this.now = view.now_ms;
  }

  #onTick(): void {
    const silentMs = performance.now() - this.#arrivedAt;
    if (this.#held !== null && performance.now() - this.#drawnAt >= DRAW_MS) this.#draw(this.#held);
    if (silentMs > ASK_MS) void this.#ask();
    if (silentMs > LOST_MS) this.lostSince ??= this.view?.now_ms ?? plant.estimateNow();
    else if (this.view !== null) this.now = this.view.now_ms + (performance.now() - this.#drawnAt);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#take(await call("live_get", {}));
    } catch {
      // A lost session ends in the login screen; a lost backend in the veil.
    } finally {
      this.#isAsking = false;
    }
  }
}

export const live = new Live();
