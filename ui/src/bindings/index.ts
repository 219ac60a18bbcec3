// The command table and every type that crosses the border. Mirrors the Rust views; never edited by hand
// once it is generated.

export type BatchId = number;
export type OrderId = number;
export type OutboxId = number;
export type SiloNo = number;
export type SlotNo = number;

export type Right = "view" | "order_import" | "batch_approve" | "batch_reject" | "batch_start" | "batch_pause" | "batch_stop" | "batch_cancel" | "manual_enter" | "outbox_retry";
export type Role = "viewer" | "operator" | "supervisor" | "admin";
export type ErrorCode = "not_logged_in" | "wrong_secret" | "locked_out" | "no_right" | "not_found" | "changed" | "illegal_transition" | "bad_request" | "not_ready" | "erp_unavailable" | "unknown_command" | "store_failed" | "internal";
export type BatchWord = "pending" | "approved" | "rejected" | "in_process" | "paused" | "completed" | "stopped" | "failed" | "cancelled";
export type ReleaseState = "pending" | "approved" | "rejected" | "cancelled";
export type RunState = "idle" | "downloading" | "ready" | "running" | "paused" | "held" | "complete" | "stopped" | "aborted";
export type PostingState = "not_due" | "queued" | "sending" | "posted" | "in_doubt" | "refused" | "waived";
export type Judgement = "within" | "under" | "over";
export type MovementKind = "opening" | "receipt" | "dosing" | "correction";
export type JournalKind = "batch_created" | "batch_approved" | "batch_rejected" | "batch_revoked" | "batch_cancelled" | "download_prepared" | "download_written" | "download_verified" | "download_offered" | "download_taken" | "download_aborted" | "batch_running" | "silo_started" | "silo_finished" | "pause_requested" | "batch_paused" | "resume_requested" | "batch_resumed" | "stop_requested" | "batch_stopped" | "batch_completed" | "batch_failed" | "block_refused" | "block_healed" | "batch_held" | "batch_unheld" | "ack_written" | "slot_freed" | "manual_entered" | "posting_queued" | "posting_posted" | "posting_in_doubt" | "posting_refused" | "plc_lost" | "plc_back" | "erp_lost" | "erp_back" | "orders_imported";
export type Quality = "good" | "uncertain" | "stale" | "bad";
export type SignatureMeaning = "approve" | "reject" | "revoke" | "stop" | "cancel" | "manual_entry";
export type DownloadStepName = "prepared" | "written" | "verified" | "offered" | "taken";
export type OrderStanding = "accepted" | "refused" | "tombstone";
export type LinkStateView = "off" | "connecting" | "good" | "degraded" | "lost";
export type DoseState = "waiting" | "dosing" | "done";
export type Phase = "idle" | "running" | "paused" | "held";
export type ChartTheme = "day" | "night" | "print";
export type OutboxKind = "consumption" | "cancel_order";

export type Refusal = { "code": "unreadable", why: string, } | { "code": "no_lines" } | { "code": "not_positive", what: string, kg: string, } | { "code": "too_much", what: string, kg: string, limit_kg: string, } | { "code": "unknown_code", material: string, equipment_code: string, } | { "code": "duplicate_silo", equipment_code: string, } | { "code": "scaling", lines_kg: string, order_kg: string, } | { "code": "name_too_long", name: string, max: number, } | { "code": "name_not_ascii", name: string, } | { "code": "no_silo_line" };
export type WhyNot = { "code": "needs_right", role: string, } | { "code": "wrong_state" } | { "code": "plc_offline" } | { "code": "no_free_slot" } | { "code": "order_in_plc" } | { "code": "no_command_word" } | { "code": "pending" } | { "code": "no_register_map" };
export type AttentionView = { "code": "approvals_waiting", count: number, oldest_ms: number, } | { "code": "silo_low", silo: SiloNo, label: string, level_g: number, } | { "code": "silo_short", silo: SiloNo, label: string, short_g: number, batch_label: string, } | { "code": "plc_lost", cause: string, } | { "code": "erp_lost", cause: string, waiting: number, } | { "code": "posting_refused", id: BatchId, batch_label: string, answer: string, } | { "code": "block_refused", id: BatchId, batch_label: string, reason: string, } | { "code": "out_of_tolerance", id: BatchId, batch_label: string, silo_label: string, deviation_bp: number, } | { "code": "orders_refused", count: number, } | { "code": "set_up", area: string, message: string, } | { "code": "manual_line_open", id: BatchId, batch_label: string, material: string, };

export type Nothing = Record<string, never>;
export type Done = Record<string, never>;

export type DemoPerson = { name: string, role: Role, secret: string, };
export type StartProblem = { area: string, message: string, };
export type AppInfo = { version: string, is_demo: boolean, demo_speed_pct: number, demo_people: Array<DemoPerson>, needs_first_admin: boolean, site: string, line: string, zone: string, language: string, now_ms: number, plc: string, erp: string, problems: Array<StartProblem>, };
export type SessionOpen = { user: string, secret: string, };
export type SessionView = { token: string, user: string, role: Role, rights: Array<Right>, };
export type FirstAdminCreate = { name: string, secret: string, };

export type ShortageView = { silo: SiloNo, label: string, need_g: number, have_g: number, };
export type BatchRowView = { id: BatchId, label: string, order_name: string, product: string, word: BatchWord, release: ReleaseState, run: RunState, posting: PostingState, held: boolean, version: number, content_hash: string, planned_g: number, actual_g: number | null, deviation_bp: number | null, due_ms: number | null, created_at_ms: number, approved_at_ms: number | null, approved_by: string | null, started_at_ms: number | null, ended_at_ms: number | null, slot: SlotNo | null, shortages: Array<ShortageView>, };
export type PlcTextView = { full: string, in_plc: string, };
export type BatchLineView = { silo: SiloNo, label: string, material: string, planned_g: number, low_g: number, high_g: number, actual_g: number | null, deviation_bp: number | null, judgement: Judgement | null, have_g: number | null, };
export type ManualLineView = { line_no: number, material: string, planned_g: number, actual_g: number | null, entered_by: string | null, entered_at_ms: number | null, };
export type SignatureView = { person: string, meaning: SignatureMeaning, at_ms: number, reason: string | null, content_hash: string, valid: boolean, };
export type DownloadStepView = { step: DownloadStepName, at_ms: number | null, };
export type JournalView = { seq: number, at_ms: number, batch_id: BatchId | null, batch_label: string | null, kind: JournalKind, params: { [key in string]: string }, };
export type ReadBackLineView = { erp_code: string, ours_g: number, erp_g: number, is_cut: boolean, };
export type PostingView = { state: PostingState, attempts: number, next_at_ms: number | null, confirmed_at_ms: number | null, last_answer: string | null, read_back: Array<ReadBackLineView>, erp_finished_g: number | null, our_finished_g: number | null, };
export type ActionView = { command: string, allowed: boolean, why_not: WhyNot | null, };
export type BatchView = { row: BatchRowView, line: string, lines: Array<BatchLineView>, manual_lines: Array<ManualLineView>, signatures: Array<SignatureView>, steps: Array<DownloadStepView>, events: Array<JournalView>, posting: PostingView, actions: Array<ActionView>, finished_g: number | null, plc_texts: Array<PlcTextView>, };

export type ImportReport = { seen: number, new_batches: number, known: number, refused: number, deferred: number, at_ms: number, };
export type OrderView = { id: OrderId, name: string, product: string, quantity_kg: string, standing: OrderStanding, refusal: Refusal | null, refusal_text: string | null, seen_at_ms: number, };
export type OrderList = { orders: Array<OrderView>, imported_at_ms: number | null, last_import: ImportReport | null, };

export type QueueList = { words: Array<BatchWord>, };
export type QueueView = { rows: Array<BatchRowView>, pending: number, approved: number, planned_g: number, };
export type BatchGet = { id: BatchId, };
export type BatchApprove = { id: BatchId, version: number, content_hash: string, secret: string, };
export type BatchSignedReason = { id: BatchId, version: number, reason: string, secret: string, };
export type BatchStart = { id: BatchId, version: number, };
export type BatchPause = { id: BatchId, version: number, reason: string, };
export type ManualLineEnter = { id: BatchId, version: number, line_no: number, weight_g: number, secret: string, };
export type TrendView = { id: BatchId, at_ms: Array<number>, dosed_g: Array<number | null>, planned_g: number, };

export type LinkView = { state: LinkStateView, age_ms: number | null, since_ms: number, cause: string | null, };
export type OutboxCounts = { waiting: number, in_doubt: number, refused: number, oldest_ms: number | null, };
export type LiveLine = { silo: SiloNo, label: string, material: string, planned_g: number, low_g: number, high_g: number, actual_g: number | null, state: DoseState, deviation_bp: number | null, judgement: Judgement | null, rate_g_s: number | null, };
export type PendingCommand = { command: string, asked_at_ms: number, sent_at_ms: number | null, };
export type LiveBatch = { id: BatchId, label: string, product: string, slot: SlotNo, word: BatchWord, run: RunState, version: number, approved_by: string | null, approved_at_ms: number | null, started_at_ms: number, since_ms: number, planned_g: number, dosed_g: number | null, progress_bp: number | null, plan_now_bp: number | null, eta_ms: number | null, eta_spread_ms: number | null, quality: Quality, age_ms: number | null, trouble: string | null, pending: PendingCommand | null, lines: Array<LiveLine>, };
export type LiveSilo = { silo: SiloNo, level_g: number | null, quality: Quality, };
export type LiveView = { seq: number, now_ms: number, plc: LinkView, erp: LinkView, outbox: OutboxCounts, batch: LiveBatch | null, queued: Array<LiveBatch>, silos: Array<LiveSilo>, pending_approvals: number, revision: number, };

export type PhaseView = { from_ms: number, to_ms: number, phase: Phase, batch_label: string | null, };
export type OverviewView = { attention: Array<AttentionView>, today_batches: number, today_g: number, today_deviation_bp: number | null, today_stopped: number, phases: Array<PhaseView>, next: BatchRowView | null, recent: Array<BatchRowView>, events: Array<JournalView>, };

export type SiloView = { silo: SiloNo, label: string, erp_code: string, material: string, is_liquid: boolean, capacity_g: number, low_g: number, max_dose_g: number, level_g: number | null, next_need_g: number, hours_to_low: number | null, spark_g: Array<number>, moved_at_ms: number | null, };
export type SiloList = { silos: Array<SiloView>, };
export type ConsumptionGet = { from_ms: number, to_ms: number, theme: ChartTheme, };
export type ConsumptionLineView = { silo: SiloNo, label: string, planned_g: number, actual_g: number, deviation_bp: number | null, doses: number, };
export type ConsumptionView = { lines: Array<ConsumptionLineView>, batches: number, svg: string, };
export type MovementList = { silo: SiloNo | null, limit: number, };
export type MovementView = { seq: number, at_ms: number, silo: SiloNo, label: string, kind: MovementKind, delta_g: number, level_g: number, batch_id: BatchId | null, batch_label: string | null, };
export type MovementPage = { rows: Array<MovementView>, };

export type HistoryList = { search: string, words: Array<BatchWord>, before: BatchId | null, limit: number, };
export type HistoryPage = { rows: Array<BatchRowView>, total: number, next: BatchId | null, };
export type BatchChartGet = { id: BatchId, theme: ChartTheme, };
export type ChartView = { svg: string, };

export type OutboxRowView = { id: OutboxId, kind: OutboxKind, batch_id: BatchId, batch_label: string, state: PostingState, attempts: number, next_at_ms: number | null, created_at_ms: number, last_answer: string | null, payload: string, };
export type OutboxList = { rows: Array<OutboxRowView>, };
export type OutboxRetry = { id: OutboxId, };

/** The command table: request and response of each command. */
export interface Commands {
  app_info: { request: Nothing, response: AppInfo },
  session_open: { request: SessionOpen, response: SessionView },
  first_admin_create: { request: FirstAdminCreate, response: SessionView },
  session_get: { request: Nothing, response: SessionView },
  session_close: { request: Nothing, response: Done },
  live_get: { request: Nothing, response: LiveView },
  overview_get: { request: Nothing, response: OverviewView },
  order_import: { request: Nothing, response: ImportReport },
  order_list: { request: Nothing, response: OrderList },
  batch_list: { request: QueueList, response: QueueView },
  batch_get: { request: BatchGet, response: BatchView },
  batch_approve: { request: BatchApprove, response: BatchView },
  batch_reject: { request: BatchSignedReason, response: BatchView },
  batch_revoke: { request: BatchSignedReason, response: BatchView },
  batch_stop: { request: BatchSignedReason, response: BatchView },
  batch_cancel: { request: BatchSignedReason, response: BatchView },
  batch_start: { request: BatchStart, response: BatchView },
  batch_pause: { request: BatchPause, response: BatchView },
  batch_resume: { request: BatchStart, response: BatchView },
  manual_line_enter: { request: ManualLineEnter, response: BatchView },
  batch_trend: { request: BatchGet, response: TrendView },
  batch_chart: { request: BatchChartGet, response: ChartView },
  silo_list: { request: Nothing, response: SiloList },
  silo_consumption: { request: ConsumptionGet, response: ConsumptionView },
  silo_movements: { request: MovementList, response: MovementPage },
  history_list: { request: HistoryList, response: HistoryPage },
  outbox_list: { request: Nothing, response: OutboxList },
  outbox_retry: { request: OutboxRetry, response: OutboxList },
}
