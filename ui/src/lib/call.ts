// One typed door to the backend: request and response follow from the command's name.
import type { Commands } from "../bindings";
import { asCallFailed } from "./errors";
import { getHost } from "./host";

let token: string | null = null;
let onSessionLost: () => void = () => undefined;
let onSessionLow: () => void = () => undefined;

/** The session's token goes with every call from now on. */
export function setToken(next: string | null): void {
  token = next;
}

export function getToken(): string | null {
  return token;
}

/** Called when the backend says that the session has ended. */
export function watchSessionLoss(listener: () => void): void {
  onSessionLost = listener;
}

/** Called when the backend says that the session stands lower than was thought here. */
export function watchSessionLow(listener: () => void): void {
  onSessionLow = listener;
}

export async function call<C extends keyof Commands>(
  command: C,
  request: Commands[C]["request"],
): Promise<Commands[C]["response"]> {
  try {
    const host = await getHost();
    return (await host.call(command, request, token)) as Commands[C]["response"];
  } catch (thrown) {
    const failure = asCallFailed(thrown);
    if (failure.code === "not_logged_in" && token !== null) onSessionLost();
    if (failure.code === "locked" || failure.code === "secret_again") onSessionLow();
    throw failure;
  }
}
