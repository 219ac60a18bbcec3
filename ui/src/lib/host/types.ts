// What the front end needs of the machine it runs on: one call, one stream of events.

/** A message of the backend; the name decides what `data` is. */
export interface AppEvent {
  name: string;
  data: unknown;
}

/** Ends a subscription. */
export type Unsubscribe = () => void;

export interface Host {
  readonly kind: "tauri" | "http" | "mock";
  /** Carries a command out. Rejects with `{code, message, ref}` or with whatever the transport threw. */
  call(command: string, payload: object, token: string | null): Promise<unknown>;
  /** Streams events until the returned function is called. Mends its own connection. */
  subscribe(token: string | null, onEvent: (event: AppEvent) => void): Promise<Unsubscribe>;
}
