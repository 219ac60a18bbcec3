// Short notices after a command: what was done, or why not. They never carry an alarm.
import { asCallFailed } from "./errors";

export interface Notice {
  id: number;
  text: string;
  detail: string | null;
  isRefusal: boolean;
}

const SHOWN_MS = 6_000;
const REFUSAL_SHOWN_MS = 15_000;

class Notices {
  list = $state.raw<Notice[]>([]);
  #last = 0;

  say(text: string): void {
    this.#push({ text, detail: null, isRefusal: false }, SHOWN_MS);
  }

  /** A refusal: its sentence, and the backend's own words below. */
  refuse(thrown: unknown): void {
    const failure = asCallFailed(thrown);
    const detail = [failure.detail, failure.ref].filter((part) => part !== null && part !== "").join(" · ");
    this.#push({ text: failure.sentence, detail: detail === "" ? null : detail, isRefusal: true }, REFUSAL_SHOWN_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #push(notice: Omit<Notice, "id">, shown_ms: number): void {
    const id = ++this.#last;
    this.list = [...this.list.slice(-2), { id, ...notice }];
    setTimeout(() => this.dismiss(id), shown_ms);
  }
}

export const notices = new Notices();
