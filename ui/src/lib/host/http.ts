// The browser's way to the backend: one POST a command, server-sent events for the stream.
import type { AppEvent, Host, Unsubscribe } from "./types";

const EVENT_NAMES = ["live", "journal", "changed", "notice"];
const RECONNECT_MS = 2_000;

interface Answer {
  ok?: unknown;
  error?: { code: string; message: string; ref?: string };
}

export const host: Host = {
  kind: "http",
  async call(command, payload, token) {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (token !== null) headers["authorization"] = `Bearer ${token}`;
    const response = await fetch(`rpc/${command}`, {
      method: "POST",
      headers,
      body: JSON.stringify(payload),
      credentials: "same-origin",
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok || answer.error !== undefined) {
      throw answer.error ?? { code: "internal", message: `HTTP ${response.status}` };
    }
    return answer.ok;
  },
  subscribe(_token, onEvent): Promise<Unsubscribe> {
    let source: EventSource | null = null;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const open = () => {
      const stream = new EventSource("events");
      source = stream;
      for (const name of EVENT_NAMES) {
        stream.addEventListener(name, (message: MessageEvent<string>) => {
          onEvent({ name, data: JSON.parse(message.data) as unknown } satisfies AppEvent);
        });
      }
      stream.onerror = () => {
        // The browser reconnects after a broken connection, but not after a refusal.
        if (stream.readyState !== EventSource.CLOSED || isOver) return;
        retry = setTimeout(open, RECONNECT_MS);
      };
    };
    open();
    return Promise.resolve(() => {
      isOver = true;
      clearTimeout(retry);
      source?.close();
    });
  },
};
