// The scripted backend's backups.
import type { BackupRow, BackupView, Commands } from "../src/bindings";
import { MIN, START_MS } from "./mock-world";

type Answers = { [C in keyof Commands]?: (request: Commands[C]["request"]) => Commands[C]["response"] };

const DAY = 1440 * MIN;

export function backupAnswers(now: () => number) {
  const row = (at_ms: number, cause: BackupRow["cause"], tried_at_ms: number | null): BackupRow => ({
    file: `millrace-${new Date(at_ms).toISOString().replaceAll(/[-:.]/g, "")}-${cause}.db`, at_ms, bytes: 61_300_000, cause, program: "0.1.0",
    head: "MR1-1841-7K2M-Q9XD-4TRA", tried_at_ms, tried_fault: null,
  });
  const night = START_MS - 8 * 60 * MIN;
  const rows = [
    row(night, "scheduled", null), row(night - DAY, "scheduled", night - DAY + 60_000), row(night - 2 * DAY, "scheduled", null),
    row(night - 2 * DAY - 95 * MIN, "migration", null), row(night - 3 * DAY, "scheduled", null),
  ];
  const view = (): BackupView => ({
    folder: "/var/backups/millrace", second_folder: null, next_at_ms: night + DAY, failed: null, rows: [...rows], unreadable: [],
  });
  return {
    backup_list: view,
    backup_now: () => {
      rows.unshift(row(now(), "asked", null));
      return view();
    },
    backup_try: () => {
      const [newest] = rows;
      if (newest !== undefined) newest.tried_at_ms = now();
      return view();
    },
  } satisfies Answers;
}
