// Who is logged in here. The browser keeps the token for a reload; the desktop window keeps it in memory.
import type { Right, SessionView } from "../bindings";
import { call, setToken, watchSessionLoss } from "./call";
import { isDesktop } from "./host";
import { live } from "./live.svelte";

const KEY = "millrace.token";

class Session {
  current = $state.raw<SessionView | null>(null);
  /** True until we know whether an earlier session still holds. */
  isResuming = $state(true);
  /** True when the backend ended the session. */
  wasLost = $state(false);

  constructor() {
    watchSessionLoss(() => {
      this.wasLost = true;
      this.#drop();
    });
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

  #adopt(view: SessionView): void {
    setToken(view.token);
    if (!isDesktop()) sessionStorage.setItem(KEY, view.token);
    this.wasLost = false;
    this.current = view;
    // Without an own secret nothing may be seen yet.
    if (!view.must_change_secret) void live.open();
  }

  #drop(): void {
    setToken(null);
    if (!isDesktop()) sessionStorage.removeItem(KEY);
    live.close();
    this.current = null;
  }
}

export const session = new Session();
