// An answer that a screen shows: asked for again when its subject or the store changes, kept while it
// is asked for again, and never mixed up with the answer to an earlier question.
import { untrack } from "svelte";
import { asCallFailed, type CallFailed } from "./errors";
import { live } from "./live.svelte";

/** A list says that it loads only after this long. */
const SLOW_MS = 150;
/** Notices of changes that come within this time are one. */
const SETTLE_MS = 100;

export class Query<T> {
  data = $state.raw<T | null>(null);
  failure = $state.raw<CallFailed | null>(null);
  isSlow = $state(false);
  #turn = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  load = async (): Promise<void> => {
    const turn = ++this.#turn;
    const timer = setTimeout(() => {
      if (turn === this.#turn && this.data === null) this.isSlow = true;
    }, SLOW_MS);
    try {
      const data = await this.ask();
      if (turn !== this.#turn) return;
      this.data = data;
      this.failure = null;
    } catch (thrown) {
      if (turn === this.#turn) this.failure = asCallFailed(thrown);
    } finally {
      clearTimeout(timer);
      if (turn === this.#turn) this.isSlow = false;
    }
  };

  /** Shows an answer that came by another way, such as that of a command. */
  put(data: T): void {
    this.#turn += 1;
    this.data = data;
    this.failure = null;
  }

  clear(): void {
    this.#turn += 1;
    this.data = null;
    this.failure = null;
    this.isSlow = false;
  }
}

/** A query that follows `subject` (a new one clears the old answer) and the store's revision. */
export function useQuery<T>(ask: () => Promise<T>, subject: () => unknown = () => null): Query<T> {
  const query = new Query(ask);
  let asked: unknown;
  let isFirst = true;
  $effect(() => {
    const next = subject();
    void live.revision;
    void live.journalSeq;
    return untrack(() => {
      const isOther = isFirst || next !== asked;
      if (!isFirst && isOther) query.clear();
      isFirst = false;
      asked = next;
      if (isOther) {
        void query.load();
        return undefined;
      }
      // A change of the store often comes as several notices at once: one question answers them.
      const timer = setTimeout(() => void query.load(), SETTLE_MS);
      return () => clearTimeout(timer);
    });
  });
  return query;
}
