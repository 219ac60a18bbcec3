// Who is logged in here. The browser keeps the token for a reload; the desktop window keeps it in memory.
import type { Proof, Right, SessionView } from "../bindings";
import { call, setToken, watchSessionLoss, watchSessionLow } from "./call";
import { isDesktop } from "./host";
import { live } from "./live.svelte";

const KEY = "millrace.token";
/** Use of the workstation is told to the backend at most this often. */
const TOUCH_MS = 20_000;
/** The backend decides when a session stands lower; it is asked a little later than it said. */
const SETTLE_MS = 250;

class Session {
  current = $state.raw<SessionView | null>(null);
  /** True until we know whether an earlier session still holds. */
  isResuming = $state(true);
  /** True when the backend ended the session. */
  wasLost = $state(false);

  #touchedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    watchSessionLoss(() => {
      this.wasLost = true;
      this.#drop();
    });
    watchSessionLow(() => void this.#look());
  }

  get isLocked(): boolean {
    return this.current?.standing === "locked";
  }

  /** Somebody uses the workstation: pointer, key or wheel. */
  touch(): void {
    if (this.current === null || this.isLocked || performance.now() - this.#touchedAt < TOUCH_MS) return;
    this.#touchedAt = performance.now();
    void this.#ask(() => call("session_touch", {}));
  }

  lock(): Promise<void> {
    return this.#ask(() => call("session_lock", {}));
  }

  async unlock(proof: Proof): Promise<void> {
    this.#stand(await call("session_unlock", { proof }));
  }

  async handOver(user: string, proof: Proof, note: string): Promise<void> {
    this.#adopt(await call("session_hand_over", { user, proof, note }));
  }

  /** Takes up the session of before a reload, if it still holds. */
  async resume(): Promise<void> {
    const token = isDesktop() ? null : sessionStorage.getItem(KEY);
    if (token !== null) {
      setToken(token);
      try {
        this.#adopt({ ...(await call("session_get", {})), token });
      } catch {
        this.#drop();
      }
    }
    this.wasLost = false;
    this.isResuming = false;
  }

  async open(user: string, secret: string): Promise<void> {
    this.#adopt(await call("session_open", { user, secret }));
  }

  async createFirstAdmin(name: string, secret: string): Promise<void> {
    this.#adopt(await call("first_admin_create", { name, secret }));
  }

  async close(): Promise<void> {
    try {
      await call("session_close", {});
    } finally {
      this.wasLost = false;
      this.#drop();
    }
  }

  /** The other sessions of this person end; this one goes on. */
  async changeSecret(old: string, next: string): Promise<void> {
    const view = await call("secret_change", { old, new: next });
    if (this.current !== null) this.#adopt({ ...view, token: this.current.token });
  }

  may(right: Right): boolean {
    return this.current?.rights.includes(right) ?? false;
  }

  #look(): Promise<void> {
    return this.#ask(() => call("session_get", {}));
  }

  /** A session that ended is dropped by the watch; anything else leaves the picture as it is. */
  async #ask(ask: () => Promise<SessionView>): Promise<void> {
    try {
      this.#stand(await ask());
    } catch {
      /* told elsewhere */
    }
  }

  /** What the same session may do now. */
  #stand(view: SessionView): void {
    if (this.current === null) return;
    const next = { ...view, token: this.current.token };
    if (JSON.stringify(next) !== JSON.stringify(this.current)) this.current = next;
    this.#plan(view);
  }

  #plan(view: SessionView): void {
    clearTimeout(this.#timer);
    if (view.next_in_ms !== null) this.#timer = setTimeout(() => void this.#look(), view.next_in_ms + SETTLE_MS);
  }

  #adopt(view: SessionView): void {
    setToken(view.token);
    if (!isDesktop()) sessionStorage.setItem(KEY, view.token);
    this.wasLost = false;
    this.current = view;
    this.#touchedAt = performance.now();
    this.#plan(view);
    // Without an own secret nothing may be seen yet.
    if (!view.must_change_secret) void live.open();
  }

  #drop(): void {
    setToken(null);
    if (!isDesktop()) sessionStorage.removeItem(KEY);
    live.close();
    clearTimeout(this.#timer);
    this.current = null;
  }
}

export const session = new Session();
