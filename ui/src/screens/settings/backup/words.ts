// The words of a backup.
import type { BackupCause } from "../../../bindings";
import { m } from "../../../paraglide/messages.js";

/** Why a backup was made. */
export const causeWords: Record<BackupCause, () => string> = {
  scheduled: m.backup_cause_scheduled, asked: m.backup_cause_asked, migration: m.backup_cause_migration,
};
