// A command that was not carried out: the closed list of codes, and their sentences.
import type { ErrorCode } from "../bindings";
import { m } from "../paraglide/messages.js";

/** The backend's codes, and `unreachable` where it did not answer at all. */
export type FailureCode = ErrorCode | "unreachable";

const SENTENCES: Record<FailureCode, () => string> = {
  not_logged_in: m.error_not_logged_in,
  wrong_secret: m.error_wrong_secret,
  locked_out: m.error_locked_out,
  locked: m.error_locked,
  secret_again: m.error_secret_again,
  no_right: m.error_no_right,
  own_request: m.error_own_request,
  must_change_secret: m.error_must_change_secret,
  not_found: m.error_not_found,
  changed: m.error_changed,
  illegal_transition: m.error_illegal_transition,
  bad_request: m.error_bad_request,
  not_ready: m.error_not_ready,
  erp_unavailable: m.error_erp_unavailable,
  unknown_command: m.error_unknown_command,
  store_failed: m.error_store_failed,
  internal: m.error_internal,
  unreachable: m.error_unreachable,
};

export class CallFailed extends Error {
  constructor(
    readonly code: FailureCode,
    /** The backend's own words, in English. */
    readonly detail: string,
    /** Leads to the log. */
    readonly ref: string | null,
  ) {
    super(`${code}: ${detail}`);
  }

  /** The sentence for people, in their language. */
  get sentence(): string {
    return SENTENCES[this.code]();
  }
}

function isCode(code: string): code is FailureCode {
  return code in SENTENCES;
}

/** Whatever a transport threw, as one kind of failure. */
export function asCallFailed(thrown: unknown): CallFailed {
  if (thrown instanceof CallFailed) return thrown;
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string") {
    const message = "message" in thrown && typeof thrown.message === "string" ? thrown.message : "";
    const ref = "ref" in thrown && typeof thrown.ref === "string" ? thrown.ref : null;
    return new CallFailed(isCode(thrown.code) ? thrown.code : "internal", message, ref);
  }
  return new CallFailed("unreachable", thrown instanceof Error ? thrown.message : String(thrown), null);
}
