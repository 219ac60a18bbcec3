// The desktop window's way to the backend: one command, and one channel for events.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { AppEvent, Host, Unsubscribe } from "./types";

export const host: Host = {
  kind: "tauri",
  call(command, payload, token) {
    return invoke<unknown>("rpc", { command, payload, token });
  },
  async subscribe(token, onEvent): Promise<Unsubscribe> {
    const channel = new Channel<AppEvent>();
    channel.onmessage = onEvent;
    await invoke("rpc", { command: "events_subscribe", payload: { channel }, token });
    return () => {
      channel.onmessage = () => undefined;
    };
  },
};
