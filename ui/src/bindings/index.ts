// Generated from the command table in millrace-app. Do not edit: run
// `cargo test -p millrace-tests --test bindings` and commit the result.

export type ActionView = { 
/**
 * The command's name in the table.
 */
command: string, 
/**
 * Whether it may be sent now.
 */
allowed: boolean, 
/**
 * Why not.
 */
why_not: WhyNot | null, };
export type ApiTokenAdd = { 
/**
 * What the program is called.
 */
name: string, 
/**
 * What it may do.
 */
rights: Array<Right>, 
/**
 * For how long, days.
 */
days: number, };
export type ApiTokenEnd = { 
/**
 * Which.
 */
id: number, };
export type ApiTokenList = { 
/**
 * Open ones first, then the newest.
 */
tokens: Array<ApiTokenView>, 
/**
 * What the caller may give one.
 */
rights: Array<Right>, 
/**
 * Longest time that one holds, days.
 */
days_max: number, };
export type ApiTokenMade = { 
/**
 * All of them.
 */
list: ApiTokenList, 
/**
 * What the program sends as its bearer token.
 */
token: string, };
export type ApiTokenView = { 
/**
 * Its number.
 */
id: number, 
/**
 * What the program is called; the trail names it behind its maker.
 */
name: string, 
/**
 * Who made it and answers for it.
 */
by: string, 
/**
 * What it may do, as far as its maker still may.
 */
rights: Array<Right>, 
/**
 * When it was made, UTC milliseconds.
 */
created_at_ms: number, 
/**
 * Until when it holds, UTC milliseconds.
 */
expires_at_ms: number, 
/**
 * It holds now.
 */
is_good: boolean, 
/**
 * When it was used last since the start of the program, UTC milliseconds.
 */
used_at_ms: number | null, 
/**
 * When it was ended, UTC milliseconds.
 */
ended_at_ms: number | null, 
/**
 * By whom.
 */
ended_by: string | null, };
export type AppError = { 
/**
 * To branch on.
 */
code: ErrorCode, 
/**
 * To read; English.
 */
message: string, 
/**
 * Leads to the log; empty for plain refusals.
 */
ref: string, };
export type AppInfo = { 
/**
 * Version of the program.
 */
version: string, 
/**
 * True on the virtual plant.
 */
is_demo: boolean, 
/**
 * Speed of the virtual plant, in percent of real time.
 */
demo_speed_pct: number, 
/**
 * The demo's people, with their secrets; empty outside demo mode.
 */
demo_people: Array<DemoPerson>, 
/**
 * True until the first administrator is created.
 */
needs_first_admin: boolean, 
/**
 * Name of the site.
 */
site: string, 
/**
 * Name of the line.
 */
line: string, 
/**
 * IANA name of the site's time zone, in which times are shown.
 */
zone: string, 
/**
 * Language of the installation: `en`, `nl` or `id`.
 */
language: string, 
/**
 * The backend's clock.
 */
now_ms: number, 
/**
 * Where the PLC is, for people.
 */
plc: string, 
/**
 * Where the ERP is, for people.
 */
erp: string, 
/**
 * What is wrong with the set-up and what still works, one sentence each.
 */
problems: Array<StartProblem>, };
export type AttemptAct = "send" | "read_back";
export type AttemptOutcome = "posted" | "in_doubt" | "not_sent" | "refused" | "partial";
export type AttentionView = { "code": "record_bad", 
/**
 * Since when it is told, UTC milliseconds.
 */
since_ms: number, 
/**
 * The first thing that does not fit; English.
 */
sentence: string, } | { "code": "approvals_waiting", 
/**
 * How many.
 */
count: number, 
/**
 * When the oldest came in.
 */
oldest_at_ms: number, } | { "code": "order_differs", 
/**
 * A batch of it that is still open.
 */
id: BatchId, 
/**
 * The order's name.
 */
order_name: string, 
/**
 * How it differs.
 */
difference: OrderDifference, } | { "code": "silo_low", 
/**
 * Which.
 */
silo: SiloNo, 
/**
 * Label.
 */
label: string, 
/**
 * Level.
 */
level_g: number, } | { "code": "silo_short", 
/**
 * Which.
 */
silo: SiloNo, 
/**
 * Label.
 */
label: string, 
/**
 * Missing mass.
 */
short_g: number, 
/**
 * For which batch.
 */
batch_label: string, } | { "code": "plc_lost", 
/**
 * The cause in words.
 */
cause: string, } | { "code": "plc_program_stopped" } | { "code": "plc_maintenance" } | { "code": "batch_stalled", 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Label.
 */
batch_label: string, 
/**
 * Since when.
 */
since_ms: number, } | { "code": "erp_lost", 
/**
 * The cause in words.
 */
cause: string, 
/**
 * Waiting messages.
 */
waiting: number, } | { "code": "posting_refused", 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Label.
 */
batch_label: string, 
/**
 * The ERP's words.
 */
answer: string, } | { "code": "failure_refused", 
/**
 * Equipment code.
 */
equipment_code: string, 
/**
 * The ERP's words.
 */
answer: string, } | { "code": "weighings_unknown", 
/**
 * How many of late.
 */
count: number, 
/**
 * The order's name of the newest, as the PLC has it.
 */
order_name: string, 
/**
 * Why no line took it; English.
 */
reason: string, } | { "code": "area_refused", 
/**
 * `equipment_failure` or `manual_weighing`.
 */
area: string, 
/**
 * Reasons.
 */
reason: string, } | { "code": "block_refused", 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Label.
 */
batch_label: string, 
/**
 * Reasons.
 */
reason: string, } | { "code": "deviations_open", 
/**
 * How many lines.
 */
count: number, 
/**
 * In how many batches.
 */
batches: number, 
/**
 * The batch that ended first.
 */
id: BatchId, 
/**
 * Its label.
 */
batch_label: string, } | { "code": "orders_refused", 
/**
 * How many.
 */
count: number, } | { "code": "set_up", 
/**
 * What it concerns.
 */
area: string, 
/**
 * The sentence.
 */
message: string, } | { "code": "backup_old", 
/**
 * When it was made, UTC milliseconds; `None` = there is none.
 */
at_ms: number | null, } | { "code": "backup_failed", 
/**
 * Why; English.
 */
reason: string, } | { "code": "restore_test_failed", 
/**
 * Why; English.
 */
reason: string, } | { "code": "manual_line_open", 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Label.
 */
batch_label: string, 
/**
 * Material.
 */
material: string, };
export type AuditChainGet = { 
/**
 * Asks for a new check, which runs in the background; ask again for its result.
 */
check: boolean, };
export type AuditChainView = { 
/**
 * True while a check is asked for or under way.
 */
is_checking: boolean, 
/**
 * The last check of this run of the program, if any.
 */
report: TrailReport | null, 
/**
 * When it ended, UTC milliseconds.
 */
checked_at_ms: number | null, 
/**
 * Number of the last row.
 */
rows: number, 
/**
 * Rows behind the newest seal.
 */
unsealed: number, 
/**
 * The newest seal.
 */
sealed: TrailSeal | null, 
/**
 * The trail's head now, as an anchor to write down.
 */
anchor: string | null, 
/**
 * The keys that the books name, oldest first.
 */
keys: Array<TrailKey>, 
/**
 * True while there is a key to seal with.
 */
is_sealing: boolean, };
export type AuditExport = { 
/**
 * Name of the file: letters, digits, `.`, `-`, `_`; `.jsonl` is added.
 */
name: string, };
export type AuditExported = { 
/**
 * Its name; a browser fetches it as `exports/<name>`.
 */
name: string, 
/**
 * Where it lies on the computer that runs the program.
 */
path: string, 
/**
 * Rows in it.
 */
rows: number, 
/**
 * Seals in it.
 */
seals: number, 
/**
 * Frozen revisions of batch records in it.
 */
records: number, 
/**
 * Signatures in it.
 */
signatures: number, 
/**
 * Its SHA-256, which stands in the trail as well.
 */
sha256: string, };
export type AuditList = { 
/**
 * Who, as it stands in the trail.
 */
actor: string, 
/**
 * What: a command or a step of the engine.
 */
action: string, 
/**
 * Of which object, as it stands in the trail (`batch:12`), or a batch by its label.
 */
object: string, 
/**
 * Not before, UTC milliseconds.
 */
from_ms: number | null, 
/**
 * Before, UTC milliseconds.
 */
to_ms: number | null, 
/**
 * Continue below this row, for paging.
 */
before: number | null, 
/**
 * Rows a page, at most 200.
 */
limit: number, };
export type AuditPage = { 
/**
 * Rows, newest first.
 */
rows: Array<AuditRowView>, 
/**
 * Pass as `before` for the next page.
 */
next: number | null, 
/**
 * Everybody who stands in the trail.
 */
actors: Array<string>, 
/**
 * Every action that stands in the trail.
 */
actions: Array<string>, };
export type AuditRowView = { 
/**
 * Its number.
 */
seq: number, 
/**
 * UTC milliseconds.
 */
at_ms: number, 
/**
 * Who; `system` for the program itself.
 */
actor: string, 
/**
 * What.
 */
action: string, 
/**
 * Of which object, as stored.
 */
object: string, 
/**
 * The object's name for people, where it is a batch.
 */
label: string | null, 
/**
 * What changed, as it was: JSON.
 */
before: string, 
/**
 * What changed, as it became: JSON.
 */
after: string, 
/**
 * Why.
 */
reason: string, 
/**
 * Where; empty for the program itself, and for rows of an older program.
 */
station: string, 
/**
 * Its hash.
 */
hash: string, 
/**
 * The signatures that the row names, or that stand on it.
 */
signatures: Array<SignatureView>, };
export type BackupCause = "scheduled" | "asked" | "migration";
export type BackupFailure = { 
/**
 * When, UTC milliseconds.
 */
at_ms: number, 
/**
 * Why; English.
 */
reason: string, };
export type BackupRow = { 
/**
 * Its file name.
 */
file: string, 
/**
 * When it was made, UTC milliseconds.
 */
at_ms: number, 
/**
 * Its length.
 */
bytes: number, 
/**
 * Why it was made.
 */
cause: BackupCause, 
/**
 * The program that made it.
 */
program: string, 
/**
 * The last row of its trail, as an anchor.
 */
head: string | null, 
/**
 * When a restore of it was tried, UTC milliseconds.
 */
tried_at_ms: number | null, 
/**
 * Why that failed; English.
 */
tried_fault: string | null, };
export type BackupView = { 
/**
 * Where they are.
 */
folder: string, 
/**
 * Where each is copied to.
 */
second_folder: string | null, 
/**
 * When the next one is due, UTC milliseconds.
 */
next_at_ms: number, 
/**
 * The last one that was to be made, if it failed.
 */
failed: BackupFailure | null, 
/**
 * Newest first.
 */
rows: Array<BackupRow>, 
/**
 * Files that look like backups and cannot be judged, one sentence each; English.
 */
unreadable: Array<string>, };
export type BatchApprove = { 
/**
 * Which.
 */
id: BatchId, 
/**
 * The version that the signer saw.
 */
version: number, 
/**
 * The content hash that the signer saw and signs.
 */
content_hash: string, 
/**
 * The signer's own secret.
 */
secret: string, };
export type BatchChartGet = { 
/**
 * Which.
 */
id: BatchId, 
/**
 * Colours.
 */
theme: ChartTheme, };
export type BatchGet = { 
/**
 * Which.
 */
id: BatchId, };
export type BatchId = number;
export type BatchLineView = { 
/**
 * The silo.
 */
silo: SiloNo, 
/**
 * Its label: `A`, `LQ114`.
 */
label: string, 
/**
 * Material.
 */
material: string, 
/**
 * Plan.
 */
planned_g: number, 
/**
 * Lower limit.
 */
low_g: number, 
/**
 * Upper limit.
 */
high_g: number, 
/**
 * Actual, once known.
 */
actual_g: number | null, 
/**
 * Deviation from the plan once the line is final.
 */
deviation_bp: number | null, 
/**
 * Judgement once the line is final.
 */
judgement: Judgement | null, 
/**
 * What the silo holds by our ledger, before this batch.
 */
have_g: number | null, };
export type BatchNote = { 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * 1 to 500 characters on one line.
 */
text: string, };
export type BatchPause = { 
/**
 * Which.
 */
id: BatchId, 
/**
 * The version that the person saw.
 */
version: number, 
/**
 * Why.
 */
reason: string, };
export type BatchRowView = { 
/**
 * Its id.
 */
id: BatchId, 
/**
 * `<order name>/<n>`.
 */
label: string, 
/**
 * The order's name in the ERP.
 */
order_name: string, 
/**
 * Finished product.
 */
product: string, 
/**
 * The one word.
 */
word: BatchWord, 
/**
 * Release state.
 */
release: ReleaseState, 
/**
 * Run state.
 */
run: RunState, 
/**
 * Posting state.
 */
posting: PostingState, 
/**
 * True while a fault holds the run.
 */
held: boolean, 
/**
 * Rises with every change; sent back with a command, so that nobody overwrites unseen.
 */
version: number, 
/**
 * What a signature covers.
 */
content_hash: string, 
/**
 * Planned mass, silos and manual lines.
 */
planned_g: number, 
/**
 * Dosed so far or in the end (silos and weighed manual lines), once anything fell.
 */
actual_g: number | null, 
/**
 * Deviation of the silo total from its plan, once final.
 */
deviation_bp: number | null, 
/**
 * Planned start as the ERP has it.
 */
due_ms: number | null, 
/**
 * When it came in.
 */
created_at_ms: number, 
/**
 * When it was signed.
 */
approved_at_ms: number | null, 
/**
 * Who signed.
 */
approved_by: string | null, 
/**
 * When the download began.
 */
started_at_ms: number | null, 
/**
 * When the result was stored.
 */
ended_at_ms: number | null, 
/**
 * The PLC slot, while it has one.
 */
slot: SlotNo | null, 
/**
 * Silos that do not hold enough for it; empty = feasible.
 */
shortages: Array<ShortageView>, 
/**
 * True while its order differs in the ERP and nobody has decided about it.
 */
order_differs: boolean, };
export type BatchSignedReason = { 
/**
 * Which.
 */
id: BatchId, 
/**
 * The version that the signer saw.
 */
version: number, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The signer's own secret.
 */
secret: string, };
export type BatchStart = { 
/**
 * Which.
 */
id: BatchId, 
/**
 * The version that the person saw.
 */
version: number, };
export type BatchView = { 
/**
 * The list row.
 */
row: BatchRowView, 
/**
 * Line on which it is made.
 */
line: string, 
/**
 * One line a silo.
 */
lines: Array<BatchLineView>, 
/**
 * Lines weighed by hand.
 */
manual_lines: Array<ManualLineView>, 
/**
 * Lines that ended outside their tolerance, in the order of the recipe.
 */
deviations: Array<DeviationView>, 
/**
 * Signatures, oldest first.
 */
signatures: Array<SignatureView>, 
/**
 * The download, step by step.
 */
steps: Array<DownloadStepView>, 
/**
 * Journal of this batch, newest first.
 */
events: Array<JournalView>, 
/**
 * Consumption on its way to the ERP.
 */
posting: PostingView, 
/**
 * What may be done now, by whom, and why not.
 */
actions: Array<ActionView>, 
/**
 * Finished weight as the plant reports it; `None` = the plant reports none.
 */
finished_g: number | null, 
/**
 * How its order differs in the ERP, while nobody has decided about it.
 */
order_difference: OrderDifferenceView | null, 
/**
 * What a person must still do about lots in the ERP before its consumption can be booked. Holds
 * nothing back.
 */
lot_notes: Array<LotNote>, 
/**
 * Texts that the PLC carries only in part (16 characters), as it will show them.
 */
plc_texts: Array<PlcTextView>, };
export type BatchWord = "pending" | "approved" | "rejected" | "in_process" | "paused" | "completed" | "stopped" | "failed" | "cancelled";
export type BooksState = "good" | "reserve" | "full" | "disk_fault" | "damaged";
export type BooksView = { 
/**
 * Whether they can be written to.
 */
state: BooksState, 
/**
 * Since when it is not good, UTC milliseconds.
 */
since_ms: number | null, 
/**
 * Why not and what to do; English.
 */
cause: string | null, 
/**
 * How much room is left.
 */
room: Room, 
/**
 * The same in bytes.
 */
free_bytes: number | null, };
export type ChangedField = { "field": "name", 
/**
 * Accepted.
 */
old: string, 
/**
 * In the ERP.
 */
new: string, } | { "field": "state", 
/**
 * Accepted.
 */
old: string, 
/**
 * In the ERP.
 */
new: string, } | { "field": "unreadable", 
/**
 * Why not, as a sentence.
 */
why: string, } | { "field": "quantity", 
/**
 * Accepted.
 */
old_kg: string, 
/**
 * In the ERP.
 */
new_kg: string, } | { "field": "product", 
/**
 * Accepted.
 */
old: string, 
/**
 * In the ERP.
 */
new: string, } | { "field": "planned_start", 
/**
 * Accepted.
 */
old: string | null, 
/**
 * In the ERP.
 */
new: string | null, } | { "field": "bom_quantity", 
/**
 * Accepted.
 */
old_kg: string, 
/**
 * In the ERP.
 */
new_kg: string, } | { "field": "equipment", 
/**
 * Accepted.
 */
old: string | null, 
/**
 * In the ERP.
 */
new: string | null, } | { "field": "component_added", 
/**
 * Material, where the ERP's answer names it.
 */
product: string | null, 
/**
 * Equipment code.
 */
equipment: string | null, 
/**
 * The BoM line's quantity.
 */
new_kg: string, } | { "field": "component_removed", 
/**
 * Material.
 */
product: string, 
/**
 * Equipment code.
 */
equipment: string | null, 
/**
 * The BoM line's quantity.
 */
old_kg: string, } | { "field": "component_quantity", 
/**
 * Material.
 */
product: string, 
/**
 * Equipment code.
 */
equipment: string | null, 
/**
 * Accepted.
 */
old_kg: string, 
/**
 * In the ERP.
 */
new_kg: string, } | { "field": "component_equipment", 
/**
 * Material.
 */
product: string, 
/**
 * Accepted.
 */
old: string | null, 
/**
 * In the ERP.
 */
new: string | null, };
export type ChartTheme = "day" | "night" | "print";
export type ChartView = { 
/**
 * SVG text, without scripts or outside references.
 */
svg: string, };
export type ChoiceRefusal = "no_content" | "part_seen" | "renamed" | "started" | "open_in_erp" | "in_plc";
export type ConsumptionGet = { 
/**
 * Begin.
 */
from_ms: number, 
/**
 * End.
 */
to_ms: number, 
/**
 * `day` or `night`.
 */
theme: ChartTheme, };
export type ConsumptionLineView = { 
/**
 * The silo.
 */
silo: SiloNo, 
/**
 * Its label.
 */
label: string, 
/**
 * Planned in finished batches.
 */
planned_g: number, 
/**
 * Dosed.
 */
actual_g: number, 
/**
 * Deviation.
 */
deviation_bp: number | null, 
/**
 * Number of doses.
 */
doses: number, };
export type ConsumptionView = { 
/**
 * One line a silo that was used.
 */
lines: Array<ConsumptionLineView>, 
/**
 * Number of batches.
 */
batches: number, 
/**
 * The chart as SVG (the same that reports print).
 */
svg: string, };
export type DemoPerson = { 
/**
 * Name, which is also the login.
 */
name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * Secret, made at first start.
 */
secret: string, };
export type DeviationAccept = { 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Which lines, with the figures that the caller saw.
 */
lines: Array<DeviationSeen>, 
/**
 * Why they may stand.
 */
reason: string, 
/**
 * Own secret again.
 */
secret: string, };
export type DeviationKind = "silo" | "manual";
export type DeviationSeen = { 
/**
 * Which list it stands in.
 */
kind: DeviationKind, 
/**
 * Number of the silo, or of the line weighed by hand.
 */
line_no: number, 
/**
 * What it became, grams.
 */
actual_g: number, };
export type DeviationView = { 
/**
 * Which list it stands in.
 */
kind: DeviationKind, 
/**
 * Number of the silo, or of the line weighed by hand.
 */
line_no: number, 
/**
 * Label of the silo; the material of a line weighed by hand.
 */
label: string, 
/**
 * Material.
 */
material: string, 
/**
 * Plan.
 */
planned_g: number, 
/**
 * What it became.
 */
actual_g: number, 
/**
 * Lowest that needs nobody.
 */
low_g: number, 
/**
 * Highest that needs nobody.
 */
high_g: number, 
/**
 * Deviation in basis points of the plan; `None` for a plan of zero.
 */
deviation_bp: number | null, 
/**
 * On which side it lies.
 */
judgement: Judgement, 
/**
 * Who accepted it; `None` = it waits. `valid` is false when it is not what was signed.
 */
accepted: SignatureView | null, };
export type Done = Record<symbol, never>;
export type DoseState = "waiting" | "dosing" | "done";
export type DownloadStep = "prepared" | "written" | "verified" | "offered" | "taken";
export type DownloadStepName = "prepared" | "written" | "verified" | "offered" | "taken";
export type DownloadStepView = { 
/**
 * The step.
 */
step: DownloadStepName, 
/**
 * When; `None` = not yet.
 */
at_ms: number | null, };
export type EquipmentFailureView = { 
/**
 * Its number.
 */
id: number, 
/**
 * Equipment code as the PLC has it.
 */
equipment_code: string, 
/**
 * What happened, as the PLC has it.
 */
info: string, 
/**
 * When, by the PLC's clock (plant local time), `YYYY-MM-DD HH:MM:SS`; empty when its date is none.
 */
plc_time: string, 
/**
 * When it was stored, UTC milliseconds.
 */
stored_at_ms: number, 
/**
 * When the acknowledgement was read back, UTC milliseconds.
 */
acked_at_ms: number | null, 
/**
 * Whether the ERP has it.
 */
posting: PostingState, 
/**
 * The ERP's last answer in words.
 */
last_answer: string | null, };
export type ErpExamination = { 
/**
 * When, UTC milliseconds.
 */
at_ms: number, 
/**
 * True when no step failed.
 */
is_sound: boolean, 
/**
 * Every step in order.
 */
steps: Array<ErpStepView>, 
/**
 * What the other side calls itself, with its version.
 */
answered: string | null, };
export type ErpKindView = "odoo_addon" | "odoo_standard";
export type ErpSettingsView = { 
/**
 * Scheme, host and port.
 */
address: string, 
/**
 * The database.
 */
database: string, 
/**
 * The user we log in as.
 */
login: string, 
/**
 * Which connector.
 */
connector: ErpKindView, 
/**
 * Who closes orders there.
 */
mark_done: MarkDoneView, 
/**
 * How many messages may be worked on in a second, as written in the settings.
 */
posts_per_second_max: string, };
export type ErpStep = "settings" | "plain_http" | "dns" | "connect" | "tls" | "is_odoo" | "database" | "log_in" | "version" | "rights" | "clock";
export type ErpStepOutcome = "ok" | "failed" | "skipped";
export type ErpStepView = { 
/**
 * The step.
 */
step: ErpStep, 
/**
 * How it went.
 */
outcome: ErpStepOutcome, 
/**
 * Why, as a sentence; empty when all is well.
 */
text: string, };
export type ErpView = { 
/**
 * The settings; `None` = no ERP is configured.
 */
settings: ErpSettingsView | null, 
/**
 * Why nothing is sent, when the settings do not even open.
 */
off_cause: string | null, 
/**
 * Its version, as the last connection test found it.
 */
version: string | null, 
/**
 * What keeps a post from being booked twice.
 */
guarantee: GuaranteeView, 
/**
 * The link.
 */
link: LinkView, };
export type ErrorCode = "not_logged_in" | "wrong_secret" | "locked_out" | "locked" | "secret_again" | "no_right" | "own_request" | "must_change_secret" | "not_found" | "changed" | "illegal_transition" | "bad_request" | "not_ready" | "erp_unavailable" | "unknown_command" | "store_failed" | "internal";
export type FaultGroup = "wire" | "plc" | "plant" | "erp";
export type FaultTarget = { 
/**
 * Number of the silo or slot.
 */
value: number, 
/**
 * What people call it.
 */
label: string, };
export type Finding = { 
/**
 * The section of the report it belongs to: `reach`, `times`, `nodes`, `program`, `words`,
 * `order`, `silos`, `areas`, `write_test`, `missing`.
 */
section: string, 
/**
 * How bad.
 */
weight: FindingWeight, 
/**
 * The sentence.
 */
text: string, };
export type FindingWeight = "good" | "note" | "warning" | "fault";
export type FinishStep = "running" | "stored" | "acked" | "freed";
export type FirstAdminCreate = { 
/**
 * Login name.
 */
name: string, 
/**
 * Secret, at least 10 characters.
 */
secret: string, };
export type Grant = { 
/**
 * The role.
 */
role: Role, 
/**
 * Key of the site; `None` = every site.
 */
site: string | null, 
/**
 * Name of the line; `None` = every line of the site. Means nothing without a site.
 */
line: string | null, };
export type GuaranteeView = { "kind": "unique_key", 
/**
 * Version of what keeps the keys there.
 */
version: string, } | { "kind": "read_back" };
export type HandOverList = { 
/**
 * At most 50.
 */
rows: Array<HandOverRow>, };
export type HandOverRow = { 
/**
 * Number of the trail's row.
 */
seq: number, 
/**
 * When, UTC milliseconds.
 */
at_ms: number, 
/**
 * Who left.
 */
from: string, 
/**
 * Who took over.
 */
to: string, 
/**
 * Where: the name of the station; empty for the program itself.
 */
station: string, 
/**
 * What the next shift must know; may be empty.
 */
note: string, };
export type HistoryList = { 
/**
 * Part of the label or product; empty = all.
 */
search: string, 
/**
 * Only these words; empty = all closed ones.
 */
words: Array<BatchWord>, 
/**
 * Continue after this batch (its id), for paging.
 */
before: BatchId | null, 
/**
 * Rows a page, at most 200.
 */
limit: number, };
export type HistoryPage = { 
/**
 * Rows.
 */
rows: Array<BatchRowView>, 
/**
 * How many match in all.
 */
total: number, 
/**
 * Pass as `before` for the next page.
 */
next: BatchId | null, };
export type ImportReport = { 
/**
 * Orders seen in the ERP.
 */
seen: number, 
/**
 * New batches made.
 */
new_batches: number, 
/**
 * Orders that we had already.
 */
known: number, 
/**
 * Orders refused, with the reason in the order list.
 */
refused: number, 
/**
 * Orders left for later because enough batches are open.
 */
deferred: number, 
/**
 * When the ERP answered.
 */
at_ms: number, };
export type ItemError = { 
/**
 * The ERP's words, the equipment code first.
 */
text: string, 
/**
 * What follows from them.
 */
fate: ItemFate, };
export type ItemFate = "permanent" | "temporary" | "unknown";
export type JournalKind = "batch_created" | "batch_approved" | "batch_rejected" | "batch_revoked" | "batch_cancelled" | "download_prepared" | "download_written" | "download_verified" | "download_offered" | "download_taken" | "download_aborted" | "batch_running" | "silo_started" | "silo_finished" | "pause_requested" | "batch_paused" | "resume_requested" | "batch_resumed" | "stop_requested" | "batch_stopped" | "batch_completed" | "batch_failed" | "block_refused" | "block_healed" | "batch_held" | "batch_unheld" | "ack_written" | "slot_freed" | "manual_entered" | "batch_note" | "posting_queued" | "posting_posted" | "posting_in_doubt" | "posting_refused" | "posting_waived" | "posting_by_hand" | "posting_close_asked" | "posting_ask_ended" | "order_marked_done" | "slot_decided" | "slot_settled" | "download_withdrawn" | "slot_healed" | "flags_set" | "plc_rebooted" | "plc_program_stopped" | "plc_program_back" | "plc_maintenance" | "batch_stalled" | "batch_moving" | "equipment_failure_stored" | "manual_weighing_stored" | "area_refused" | "area_healed" | "plc_lost" | "plc_back" | "erp_lost" | "erp_back" | "guarantee_changed" | "orders_imported" | "order_differs" | "order_agrees" | "order_decided" | "stock_corrected" | "deviation_accepted" | "handed_over" | "books_restored" | "backup_failed" | "restore_test_failed" | "books_writable";
export type JournalView = { 
/**
 * Position in the journal.
 */
seq: number, 
/**
 * When.
 */
at_ms: number, 
/**
 * Which batch, if any.
 */
batch_id: BatchId | null, 
/**
 * Its label.
 */
batch_label: string | null, 
/**
 * What happened.
 */
kind: JournalKind, 
/**
 * Parameters by name; masses as text of whole grams under names ending in `_g`.
 */
params: { [key in string]: string }, };
export type Judgement = "within" | "under" | "over";
export type LinkStateView = "off" | "connecting" | "good" | "degraded" | "lost";
export type LinkView = { 
/**
 * State.
 */
state: LinkStateView, 
/**
 * Age of the last good answer.
 */
age_ms: number | null, 
/**
 * Since when it has been in this state.
 */
since_ms: number, 
/**
 * The cause in words, while not good.
 */
cause: string | null, };
export type LiveBatch = { 
/**
 * Its id.
 */
id: BatchId, 
/**
 * `<order name>/<n>`.
 */
label: string, 
/**
 * Product.
 */
product: string, 
/**
 * Slot.
 */
slot: SlotNo, 
/**
 * The one word.
 */
word: BatchWord, 
/**
 * Run state.
 */
run: RunState, 
/**
 * Version, for commands.
 */
version: number, 
/**
 * Who signed.
 */
approved_by: string | null, 
/**
 * When.
 */
approved_at_ms: number | null, 
/**
 * When the download began.
 */
started_at_ms: number, 
/**
 * When it came into its present run state.
 */
since_ms: number, 
/**
 * Plan of the silos.
 */
planned_g: number, 
/**
 * Dosed so far.
 */
dosed_g: number | null, 
/**
 * Progress.
 */
progress_bp: number | null, 
/**
 * Where the plan would be now at the silos' usual rates.
 */
plan_now_bp: number | null, 
/**
 * Expected end.
 */
eta_ms: number | null, 
/**
 * Half width of the estimate.
 */
eta_spread_ms: number | null, 
/**
 * How far the values can be trusted.
 */
quality: Quality, 
/**
 * Age of the last accepted block.
 */
age_ms: number | null, 
/**
 * Why the values are bad, in words: the refused block's reasons.
 */
trouble: string | null, 
/**
 * Since when nothing has fallen, once that is told as an alarm, UTC milliseconds.
 */
stalled_since_ms: number | null, 
/**
 * A command on its way to the PLC: `pause`, `resume`, `stop`, and since when.
 */
pending: PendingCommand | null, 
/**
 * One line a silo.
 */
lines: Array<LiveLine>, };
export type LiveLine = { 
/**
 * The silo.
 */
silo: SiloNo, 
/**
 * Its label.
 */
label: string, 
/**
 * Material.
 */
material: string, 
/**
 * Plan.
 */
planned_g: number, 
/**
 * Lower limit.
 */
low_g: number, 
/**
 * Upper limit.
 */
high_g: number, 
/**
 * Last accepted actual.
 */
actual_g: number | null, 
/**
 * Where the dose stands.
 */
state: DoseState, 
/**
 * Deviation, once done.
 */
deviation_bp: number | null, 
/**
 * Judgement, once done or past the upper limit.
 */
judgement: Judgement | null, 
/**
 * Rate over the last seconds, while dosing.
 */
rate_g_s: number | null, };
export type LiveSilo = { 
/**
 * The silo.
 */
silo: SiloNo, 
/**
 * Level.
 */
level_g: number | null, 
/**
 * How far it can be trusted; a calculated level is `uncertain` while a dose runs blind.
 */
quality: Quality, };
export type LiveView = { 
/**
 * Rises with every snapshot.
 */
seq: number, 
/**
 * The backend's clock.
 */
now_ms: number, 
/**
 * PLC link.
 */
plc: LinkView, 
/**
 * The PLC answers, its program stands still: values are old, whatever the link says.
 */
plc_standing_still: boolean, 
/**
 * The PLC reports a CPU error that does not stop it.
 */
plc_maintenance: boolean, 
/**
 * Slots in which PLC and books differ and a person decides.
 */
slots_differ: number, 
/**
 * ERP link.
 */
erp: LinkView, 
/**
 * The books, and the room that they have.
 */
books: BooksView, 
/**
 * The record does not verify, since some check, until another one passes.
 */
record_fault: RecordFaultView | null, 
/**
 * Messages for the ERP.
 */
outbox: OutboxCounts, 
/**
 * The batch that doses, or the one closest to it.
 */
batch: LiveBatch | null, 
/**
 * Other batches in the PLC.
 */
queued: Array<LiveBatch>, 
/**
 * Levels.
 */
silos: Array<LiveSilo>, 
/**
 * Batches that wait for a signature.
 */
pending_approvals: number, 
/**
 * Changes whenever something in the store changed that lists show; screens then ask again.
 */
revision: number, };
export type LotNote = { 
/**
 * The product's name.
 */
product: string, 
/**
 * What is missing.
 */
want: LotWant, };
export type LotWant = { "kind": "none" } | { "kind": "several", 
/**
 * Their names.
 */
lots: Array<string>, } | { "kind": "places", 
/**
 * Its name.
 */
lot: string, } | { "kind": "serial" } | { "kind": "finished" };
export type ManualLineEnter = { 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * The version that the person saw.
 */
version: number, 
/**
 * Which line, from 1.
 */
line_no: number, 
/**
 * Weighed, whole grams, a multiple of 10.
 */
weight_g: number, 
/**
 * The person's own secret: the entry is signed.
 */
secret: string, };
export type ManualLineView = { 
/**
 * Its number in the batch, from 1.
 */
line_no: number, 
/**
 * Material.
 */
material: string, 
/**
 * Plan.
 */
planned_g: number, 
/**
 * Weighed.
 */
actual_g: number | null, 
/**
 * Who weighed.
 */
entered_by: string | null, 
/**
 * When.
 */
entered_at_ms: number | null, };
export type ManualWeighingView = { 
/**
 * Its number.
 */
id: number, 
/**
 * The order's name as the PLC has it.
 */
order_name: string, 
/**
 * The batch it was entered in; `None` = no batch of ours fits.
 */
batch_id: BatchId | null, 
/**
 * That batch's label.
 */
batch_label: string | null, 
/**
 * The ERP's product number.
 */
product_id: number, 
/**
 * The material, where the order names the product.
 */
material: string | null, 
/**
 * Weighed mass.
 */
mass_g: number, 
/**
 * When it was stored, UTC milliseconds.
 */
stored_at_ms: number, 
/**
 * When the acknowledgement was read back, UTC milliseconds.
 */
acked_at_ms: number | null, 
/**
 * Whether the ERP has it.
 */
posting: PostingState, 
/**
 * The ERP's last answer in words, or why it waits for a person.
 */
last_answer: string | null, };
export type MarkDoneView = "by_person" | "by_us";
export type MovementKind = "opening" | "receipt" | "dosing" | "correction";
export type MovementList = { 
/**
 * Which silo; `None` = all.
 */
silo: SiloNo | null, 
/**
 * How many, at most 500.
 */
limit: number, };
export type MovementPage = { 
/**
 * The rows.
 */
rows: Array<MovementView>, };
export type MovementView = { 
/**
 * Position in the ledger.
 */
seq: number, 
/**
 * When.
 */
at_ms: number, 
/**
 * Silo.
 */
silo: SiloNo, 
/**
 * Its label.
 */
label: string, 
/**
 * Why.
 */
kind: MovementKind, 
/**
 * Change, negative when taken out.
 */
delta_g: number, 
/**
 * Level after it.
 */
level_g: number, 
/**
 * Batch, for a dose.
 */
batch_id: BatchId | null, 
/**
 * Its label.
 */
batch_label: string | null, 
/**
 * Who counted, and why; `valid` is false when the row is not what was signed.
 */
signature: SignatureView | null, };
export type Nothing = Record<symbol, never>;
export type OrderChoice = "take_over" | "keep" | "cancel_here";
export type OrderChoiceView = { 
/**
 * What.
 */
choice: OrderChoice, 
/**
 * Why it is not open.
 */
why_not: ChoiceRefusal | null, };
export type OrderDifference = { "kind": "changed", 
/**
 * What, in the order of the order.
 */
fields: Array<ChangedField>, } | { "kind": "cancelled" } | { "kind": "done" } | { "kind": "gone" } | { "kind": "restored", 
/**
 * When the backup was made, UTC milliseconds.
 */
copy_at_ms: number, };
export type OrderDifferenceDecide = { 
/**
 * Which order.
 */
order_id: OrderId, 
/**
 * What shall be done.
 */
choice: OrderChoice, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The signer's own secret.
 */
secret: string, 
/**
 * The hash of the difference that the signer saw.
 */
seen: string, };
export type OrderDifferenceView = { 
/**
 * The order.
 */
order_id: OrderId, 
/**
 * Its name.
 */
order_name: string, 
/**
 * What differs.
 */
difference: OrderDifference, 
/**
 * The ERP's own words, where it does not know the order.
 */
erp_words: string | null, 
/**
 * Goes back with the decision, so that nobody decides about what they did not see.
 */
hash: string, 
/**
 * When it was seen first.
 */
seen_at_ms: number, 
/**
 * Every choice, in the order of the dialog.
 */
choices: Array<OrderChoiceView>, };
export type OrderId = number;
export type OrderList = { 
/**
 * Newest first.
 */
orders: Array<OrderView>, 
/**
 * Last successful import, if any.
 */
imported_at_ms: number | null, 
/**
 * What the last import found.
 */
last_import: ImportReport | null, };
export type OrderStanding = "accepted" | "refused" | "tombstone";
export type OrderView = { 
/**
 * Our id.
 */
id: OrderId, 
/**
 * Name in the ERP.
 */
name: string, 
/**
 * Product.
 */
product: string, 
/**
 * Quantity in kilograms as the ERP wrote it.
 */
quantity_kg: string, 
/**
 * What became of it.
 */
standing: OrderStanding, 
/**
 * Why it was refused.
 */
refusal: Refusal | null, 
/**
 * The reason as an English sentence, for logs and scripts.
 */
refusal_text: string | null, 
/**
 * When it was last seen in the ERP.
 */
seen_at_ms: number, 
/**
 * How the ERP differs from it, while nobody has decided.
 */
difference: OrderDifferenceView | null, };
export type OutboxAskedView = { 
/**
 * Number of the first signature; goes back with the second, so that nobody signs what they did not see.
 */
signature: number, 
/**
 * What was asked for.
 */
close: OutboxClose, 
/**
 * Printed name of who asked.
 */
person: string, 
/**
 * Login name of who asked.
 */
login: string, 
/**
 * When, UTC milliseconds.
 */
at_ms: number, 
/**
 * Why.
 */
reason: string, };
export type OutboxAttemptView = { 
/**
 * Its number, from 1.
 */
number: number, 
/**
 * What was done.
 */
act: AttemptAct, 
/**
 * Began.
 */
began_at_ms: number, 
/**
 * Ended; `None` = under way.
 */
ended_at_ms: number | null, 
/**
 * How it ended.
 */
outcome: AttemptOutcome | null, 
/**
 * The ERP's answer, or the cause, in words.
 */
answer: string | null, 
/**
 * How many equal ones this stands for, itself included.
 */
times: number, 
/**
 * When the last of them ended; `None` = there is one only.
 */
last_at_ms: number | null, };
export type OutboxClose = "waive" | "by_hand";
export type OutboxCounts = { 
/**
 * Waiting or being sent.
 */
waiting: number, 
/**
 * Sent without an answer.
 */
in_doubt: number, 
/**
 * Refused: a person must look.
 */
refused: number, 
/**
 * Age of the oldest that is not posted.
 */
oldest_ms: number | null, };
export type OutboxGateView = { 
/**
 * Since when.
 */
since_ms: number, 
/**
 * When the ERP is asked again.
 */
next_at_ms: number, 
/**
 * How often nothing got through.
 */
failures: number, 
/**
 * Why nothing got through the last time; empty = the books do not say.
 */
reason: string, };
export type OutboxGet = { 
/**
 * Which.
 */
id: OutboxId, };
export type OutboxId = number;
export type OutboxKind = "consumption" | "cancel_order" | "equipment_failure" | "material_consumption" | "mark_done";
export type OutboxLineView = { 
/**
 * The ERP's equipment code.
 */
erp_code: string, 
/**
 * Material, where it is ours.
 */
material: string | null, 
/**
 * Planned, over the same batches of the order as the total.
 */
planned_g: number | null, 
/**
 * What we post: the order's running total.
 */
ours_g: number, 
/**
 * What the ERP held.
 */
erp_g: number | null, 
/**
 * The ERP cuts its answer here, so the receipt of the post is the proof.
 */
is_cut: boolean, 
/**
 * True when the ERP provably holds ours; `None` = not read yet.
 */
is_proved: boolean | null, };
export type OutboxList = { 
/**
 * Rows.
 */
rows: Array<OutboxRowView>, 
/**
 * True when older ones follow.
 */
has_more: boolean, 
/**
 * All messages by tab.
 */
counts: OutboxTabCounts, 
/**
 * The gate before the ERP, while it is shut.
 */
gate: OutboxGateView | null, };
export type OutboxQuery = { 
/**
 * Which; absent = all.
 */
tab: OutboxTab | null, 
/**
 * Only messages older than this one: the last of the page before.
 */
before: OutboxId | null, 
/**
 * At most so many, 1 to 200; absent = 100.
 */
limit: number | null, };
export type OutboxRetry = { 
/**
 * Which.
 */
id: OutboxId, };
export type OutboxRowView = { 
/**
 * Its id.
 */
id: OutboxId, 
/**
 * What it asks.
 */
kind: OutboxKind, 
/**
 * Batch; `None` for an equipment failure.
 */
batch_id: BatchId | null, 
/**
 * Its label; the equipment code of a failure; the order that is to be closed.
 */
batch_label: string, 
/**
 * State.
 */
state: PostingState, 
/**
 * Attempts.
 */
attempts: number, 
/**
 * Next attempt.
 */
next_at_ms: number | null, 
/**
 * Queued.
 */
created_at_ms: number, 
/**
 * The ERP's last answer in words.
 */
last_answer: string | null, 
/**
 * A first signature that waits for another person's.
 */
asked: OutboxAskedView | null, 
/**
 * True when closing it without the ERP's word takes two persons, and nobody has signed yet.
 */
needs_two: boolean, 
/**
 * What is sent, for people: one line an equipment code, a failure with its date in UTC, a
 * material with the order's running total.
 */
payload: string, };
export type OutboxSigned = { 
/**
 * Which.
 */
id: OutboxId, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The signer's own secret.
 */
secret: string, 
/**
 * Number of the first signature that the signer saw and signs second; absent = none stood.
 */
asked?: number, };
export type OutboxTab = "waiting" | "in_doubt" | "refused" | "posted" | "closed_by_hand";
export type OutboxTabCounts = { 
/**
 * See [`OutboxTab::Waiting`].
 */
waiting: number, 
/**
 * See [`OutboxTab::InDoubt`].
 */
in_doubt: number, 
/**
 * See [`OutboxTab::Refused`].
 */
refused: number, 
/**
 * See [`OutboxTab::Posted`].
 */
posted: number, 
/**
 * See [`OutboxTab::ClosedByHand`].
 */
closed_by_hand: number, };
export type OutboxView = { 
/**
 * The message.
 */
row: OutboxRowView, 
/**
 * Its key, fixed before the first sending.
 */
key: string, 
/**
 * Content hash of what it says, which a closing is signed over.
 */
content_hash: string, 
/**
 * Read back equal.
 */
confirmed_at_ms: number | null, 
/**
 * Line by line; empty for a message without masses per equipment.
 */
lines: Array<OutboxLineView>, 
/**
 * Finished weight of ours.
 */
our_finished_g: number | null, 
/**
 * Finished weight that the ERP held.
 */
erp_finished_g: number | null, 
/**
 * Items that the ERP left out of its last answer.
 */
items: Array<ItemError>, 
/**
 * The newest attempts, newest first.
 */
attempts: Array<OutboxAttemptView>, 
/**
 * How many there were in all.
 */
attempt_count: number, };
export type OverviewView = { 
/**
 * At most seven, most urgent first.
 */
attention: Array<AttentionView>, 
/**
 * Batches finished today (site time).
 */
today_batches: number, 
/**
 * Mass dosed today.
 */
today_g: number, 
/**
 * Mean deviation today.
 */
today_deviation_bp: number | null, 
/**
 * Stopped or failed today.
 */
today_stopped: number, 
/**
 * What the line did in the last eight hours.
 */
phases: Array<PhaseView>, 
/**
 * The next batch that is signed.
 */
next: BatchRowView | null, 
/**
 * Last batches finished.
 */
recent: Array<BatchRowView>, 
/**
 * Latest events of the plant.
 */
events: Array<JournalView>, };
export type PendingCommand = { 
/**
 * `pause`, `resume` or `stop`.
 */
command: string, 
/**
 * When it was asked for.
 */
asked_at_ms: number, 
/**
 * When it was written and read back; `None` = not yet.
 */
sent_at_ms: number | null, };
export type PersonAct = { 
/**
 * Which person.
 */
id: UserId, 
/**
 * The version that the caller saw.
 */
version: number, };
export type PersonAdd = { 
/**
 * Name, which is also the login; stays for ever.
 */
name: string, 
/**
 * Name as signatures print it; empty = the name.
 */
full_name: string, 
/**
 * What the person is, and where.
 */
grants: Array<Grant>, };
export type PersonChange = { 
/**
 * Which person.
 */
id: UserId, 
/**
 * The version that the caller saw.
 */
version: number, 
/**
 * Name as signatures print it; empty = the name.
 */
full_name: string, 
/**
 * All grants, in place of those of before.
 */
grants: Array<Grant>, };
export type PersonGet = { 
/**
 * Its id.
 */
id: UserId, };
export type PersonList = { 
/**
 * By name.
 */
people: Array<PersonView>, 
/**
 * Key of this site, as grants name it.
 */
site: string, 
/**
 * Name of this site.
 */
site_name: string, 
/**
 * Name of this line.
 */
line: string, 
/**
 * The caller's own grants: a new grant reaches no further.
 */
own_grants: Array<Grant>, };
export type PersonRefusal = "own" | "needs_super_admin" | "beyond_place" | "unknown_place" | "last_super_admin";
export type PersonSecretView = { 
/**
 * The person.
 */
person: PersonView, 
/**
 * To be handed over; must be changed at the next login.
 */
secret: string, };
export type PersonView = { 
/**
 * Id.
 */
id: UserId, 
/**
 * Name, which is also the login.
 */
name: string, 
/**
 * Name as signatures print it.
 */
full_name: string, 
/**
 * What the person is, and where.
 */
grants: Array<Grant>, 
/**
 * May no longer log in.
 */
is_disabled: boolean, 
/**
 * Since when.
 */
disabled_at_ms: number | null, 
/**
 * Has a secret that somebody else made, and must change it at the next login.
 */
must_change_secret: boolean, 
/**
 * When the secret was set.
 */
secret_set_at_ms: number, 
/**
 * When the person was added.
 */
created_at_ms: number, 
/**
 * When the person logged in last.
 */
last_login_at_ms: number | null, 
/**
 * No login before this time, after wrong secrets.
 */
locked_until_ms: number | null, 
/**
 * Goes back with every change.
 */
version: number, 
/**
 * Who made the last change.
 */
changed_by: string, 
/**
 * Why the caller may not disable this person or reset the secret.
 */
why_not: PersonRefusal | null, 
/**
 * Nobody else who may log in is super administrator here.
 */
is_last_super_admin: boolean, };
export type Phase = "idle" | "running" | "paused" | "held";
export type PhaseView = { 
/**
 * Begin.
 */
from_ms: number, 
/**
 * End.
 */
to_ms: number, 
/**
 * What it was.
 */
phase: Phase, 
/**
 * Which batch.
 */
batch_label: string | null, };
export type PlcCounters = { 
/**
 * Frames sent, repetitions included.
 */
requests: number, 
/**
 * Frames without an answer in time.
 */
timeouts: number, 
/**
 * Reads sent again.
 */
retries: number, 
/**
 * Requests refused because too many were waiting.
 */
overruns: number, 
/**
 * Frames of somebody else, dropped.
 */
foreign: number, 
/**
 * Answers to earlier requests, dropped.
 */
late: number, 
/**
 * Answers of the wrong length, dropped.
 */
wrong_length: number, 
/**
 * Answers with the mark of a CPU error that does not stop it.
 */
cpu_warnings: number, 
/**
 * Answers with the mark of a CPU that has stopped on an error.
 */
cpu_fatals: number, 
/**
 * Answers with the mark of a relay error.
 */
relay_errors: number, };
export type PlcEventList = { 
/**
 * The map has an area for equipment failures.
 */
has_failure_area: boolean, 
/**
 * The map has an area for manual weighings.
 */
has_weighing_area: boolean, 
/**
 * Why the present content of the failure area is not believed, if it is not.
 */
failure_trouble: string | null, 
/**
 * Why the present content of the weighing area is not believed, if it is not.
 */
weighing_trouble: string | null, 
/**
 * Failures.
 */
failures: Array<EquipmentFailureView>, 
/**
 * Weighings.
 */
weighings: Array<ManualWeighingView>, };
export type PlcExamination = { 
/**
 * When, UTC milliseconds.
 */
at_ms: number, 
/**
 * True when there is no fault.
 */
is_sound: boolean, 
/**
 * Counts of findings.
 */
faults: number, 
/**
 * Counts of findings.
 */
warnings: number, 
/**
 * Round-trip time of a block read, shortest, median and 99th of 100, microseconds.
 */
rtt_us: [number, number, number] | null, 
/**
 * What was found, in the order of the report.
 */
findings: Array<Finding>, 
/**
 * Every word of the map.
 */
words: Array<WordRow>, 
/**
 * The whole report as text to hand over.
 */
report: string, 
/**
 * A file name for it.
 */
file_name: string, };
export type PlcExamine = { 
/**
 * Also write one spare word, read it back and restore it.
 */
write_test: boolean, };
export type PlcFlagsSet = { 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The signer's own secret.
 */
secret: string, };
export type PlcMap = { 
/**
 * Its plant.
 */
plant: string, 
/**
 * Its version.
 */
version: number, 
/**
 * Slots.
 */
slots: number, 
/**
 * Which flag says that a slot may be written: `per_slot` or `queue_head`.
 */
ready_rule: string, 
/**
 * When a finished slot is free: `ack_cleared` or `taken_by_next`.
 */
slot_free_when: string, 
/**
 * Two downloads can be told apart by a word; else the compare stands alone.
 */
has_download_id: boolean, 
/**
 * Pause and stop can be sent.
 */
has_command_word: boolean, 
/**
 * A sentence for each word that the map does not name, and what is not possible without it.
 */
missing: Array<string>, };
export type PlcProgram = { 
/**
 * Heartbeat, last read.
 */
heartbeat: number | null, 
/**
 * How long the heartbeat has stood still.
 */
heartbeat_age_ms: number | null, 
/**
 * True when it has stood still for too long: the PLC answers, its program does not run.
 */
is_standing_still: boolean, 
/**
 * Boot counter, last read.
 */
boot_counter: number | null, 
/**
 * When the last restart of the PLC was noticed, UTC milliseconds.
 */
restarted_at_ms: number | null, };
export type PlcSetting = { 
/**
 * Key, such as `timeout_ms`.
 */
key: string, 
/**
 * Value as text.
 */
value: string, };
export type PlcSlotDecide = { 
/**
 * The slot.
 */
slot: SlotNo, 
/**
 * The batch the person saw in it; `None` = none of ours.
 */
batch: BatchId | null, 
/**
 * That batch's version as the person saw it; `None` = no batch.
 */
version: number | null, 
/**
 * The decision.
 */
decision: SlotDecision, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The signer's own secret.
 */
secret: string, };
export type PlcTextView = { 
/**
 * As we have it.
 */
full: string, 
/**
 * As the PLC will carry it.
 */
in_plc: string, };
export type PlcView = { 
/**
 * The backend's clock.
 */
now_ms: number, 
/**
 * What it is connected to, for people; empty when no PLC is configured.
 */
description: string, 
/**
 * The link.
 */
link: LinkView, 
/**
 * The PLC reports a CPU error that does not stop it: maintenance.
 */
cpu_warning: boolean, 
/**
 * The PLC reports a relay error.
 */
relay_error: boolean, 
/**
 * Counts.
 */
counters: PlcCounters, 
/**
 * Settings in force.
 */
settings: Array<PlcSetting>, 
/**
 * The map.
 */
map: PlcMap | null, 
/**
 * How its program runs; `None` when the map names no word for it.
 */
program: PlcProgram | null, 
/**
 * No flag is set and no slot names an order: the PLC program was never started.
 */
never_started: boolean, 
/**
 * Slots.
 */
slots: Array<SlotTruth>, };
export type PostingState = "not_due" | "queued" | "sending" | "posted" | "in_doubt" | "refused" | "waived" | "by_hand";
export type PostingView = { 
/**
 * State.
 */
state: PostingState, 
/**
 * Attempts so far.
 */
attempts: number, 
/**
 * Next attempt, while waiting.
 */
next_at_ms: number | null, 
/**
 * When the ERP's books were last read equal to ours.
 */
confirmed_at_ms: number | null, 
/**
 * The ERP's last answer in words.
 */
last_answer: string | null, 
/**
 * What the ERP held at the last read-back, beside ours.
 */
read_back: Array<ReadBackLineView>, 
/**
 * Finished weight the ERP held at the last read-back.
 */
erp_finished_g: number | null, 
/**
 * Finished weight of ours that was posted (running total of the order).
 */
our_finished_g: number | null, };
export type PrintKind = "record" | "label";
export type PrintedPosting = { 
/**
 * Its key, by which the ERP knows it.
 */
key: string, 
/**
 * What it asks.
 */
kind: OutboxKind, 
/**
 * Its state.
 */
state: PostingState, 
/**
 * Read back equal, UTC milliseconds.
 */
confirmed_at_ms: number | null, };
export type Proof = { 
/**
 * Which.
 */
kind: ProofKind, 
/**
 * What was typed or read.
 */
text: string, };
export type ProofKind = "secret" | "pin" | "badge";
export type Quality = "good" | "uncertain" | "stale" | "bad";
export type QueueList = { 
/**
 * Only these words; empty = all open ones.
 */
words: Array<BatchWord>, };
export type QueueView = { 
/**
 * Open batches: in process first, then by order of intake.
 */
rows: Array<BatchRowView>, 
/**
 * How many wait for a signature.
 */
pending: number, 
/**
 * How many are signed and not started.
 */
approved: number, 
/**
 * Sum of the plans of all open batches.
 */
planned_g: number, };
export type QuickClear = { 
/**
 * Which.
 */
kind: QuickKind, };
export type QuickKind = "pin" | "badge";
export type QuickList = { 
/**
 * The own.
 */
own: Array<QuickView>, 
/**
 * True where the own may be used at this station: the whole secret was given here within a working day.
 */
is_known_here: boolean, 
/**
 * Others who gave their whole secret here within a working day, by name.
 */
others: Array<string>, };
export type QuickSet = { 
/**
 * Which.
 */
kind: QuickKind, 
/**
 * The new one.
 */
text: string, 
/**
 * The own secret.
 */
secret: string, };
export type QuickView = { 
/**
 * Which.
 */
kind: QuickKind, 
/**
 * Since when, UTC milliseconds.
 */
set_at_ms: number, 
/**
 * Too many wrong ones: off until the whole secret is given.
 */
is_off: boolean, };
export type ReadBackLineView = { 
/**
 * Equipment code.
 */
erp_code: string, 
/**
 * Ours, total of the order.
 */
ours_g: number, 
/**
 * The ERP's.
 */
erp_g: number, 
/**
 * True when the ERP cuts its answer at the BoM quantity, so that its receipt is the proof.
 */
is_cut: boolean, };
export type RecordFaultView = { 
/**
 * Since when it is told, UTC milliseconds.
 */
since_ms: number, 
/**
 * The first thing that does not fit; English.
 */
sentence: string, };
export type RecordPrint = { 
/**
 * Which batch; it has ended.
 */
id: BatchId, 
/**
 * What.
 */
kind: PrintKind, };
export type RecordPrinted = { 
/**
 * What.
 */
kind: PrintKind, 
/**
 * The batch, as the books have it; `faults` tells whether the frozen record says the same.
 */
batch: BatchView, 
/**
 * Its whole journal, oldest first.
 */
journal: Array<JournalView>, 
/**
 * Its messages for the ERP, oldest first.
 */
postings: Array<PrintedPosting>, 
/**
 * Hash of the PLC's final block, once it was stored.
 */
plc_block_hash: string | null, 
/**
 * Number of the download, where the map has a word for it.
 */
download_id: number | null, 
/**
 * The frozen revisions, oldest first; the last one is the one printed.
 */
revisions: Array<RecordRevisionView>, 
/**
 * What does not fit between record, trail and books, computed anew just now; paper tells it.
 */
faults: Array<string>, 
/**
 * Key of the site.
 */
site: string, 
/**
 * IANA name of the zone in which paper gives times.
 */
zone: string, 
/**
 * Printed, UTC milliseconds.
 */
at_ms: number, 
/**
 * By whom.
 */
by: string, 
/**
 * The anchor of the trail's row that tells of this printing.
 */
anchor: string, };
export type RecordRevisionView = { 
/**
 * From 1.
 */
revision: number, 
/**
 * Frozen, UTC milliseconds.
 */
at_ms: number, 
/**
 * Its hash.
 */
hash: string, 
/**
 * The row of the trail that tells of it.
 */
audit_seq: number, };
export type RecordView = { 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Oldest first; empty while it has not ended, and where it ended before records were frozen.
 */
revisions: Array<RecordRevisionView>, 
/**
 * The newest revision's canonical JSON; what the hash covers beside number, time and hash before.
 */
content: string | null, 
/**
 * The anchor of the trail's row that tells of the newest revision: what paper carries.
 */
anchor: string | null, 
/**
 * What does not fit, computed anew just now; empty = everything fits.
 */
faults: Array<string>, };
export type Refusal = { "code": "unreadable", 
/**
 * What is wrong.
 */
why: string, } | { "code": "no_lines" } | { "code": "not_positive", 
/**
 * The order or the component.
 */
what: string, 
/**
 * The quantity as it came.
 */
kg: string, } | { "code": "too_much", 
/**
 * The order, the component or the silo.
 */
what: string, 
/**
 * The quantity as it came.
 */
kg: string, 
/**
 * The limit.
 */
limit_kg: string, } | { "code": "unknown_code", 
/**
 * The component.
 */
material: string, 
/**
 * The code as it came.
 */
equipment_code: string, } | { "code": "duplicate_silo", 
/**
 * The code.
 */
equipment_code: string, } | { "code": "scaling", 
/**
 * Sum of the scaled lines.
 */
lines_kg: string, 
/**
 * The order's quantity.
 */
order_kg: string, } | { "code": "name_too_long", 
/**
 * The name.
 */
name: string, 
/**
 * The limit.
 */
max: number, } | { "code": "name_not_ascii", 
/**
 * The name.
 */
name: string, } | { "code": "no_silo_line" };
export type ReleaseState = "pending" | "approved" | "rejected" | "cancelled";
export type Right = "view" | "order_import" | "batch_approve" | "batch_reject" | "batch_start" | "batch_pause" | "batch_stop" | "batch_cancel" | "manual_enter" | "deviation_accept" | "stock_correct" | "outbox_retry" | "outbox_waive" | "plc_decide" | "order_decide" | "plc_examine" | "erp_examine" | "train" | "person_manage" | "audit_view" | "audit_export" | "backup_make" | "settings_change";
export type Role = "viewer" | "operator" | "planner" | "maintenance" | "auditor" | "supervisor" | "admin" | "super_admin";
export type RoleList = { 
/**
 * From the one that may least.
 */
roles: Array<RoleView>, 
/**
 * Every right, in order.
 */
rights: Array<Right>, };
export type RoleView = { 
/**
 * The role.
 */
role: Role, 
/**
 * What it carries, in the order of the rights table.
 */
rights: Array<Right>, 
/**
 * Only a super administrator gives or takes it.
 */
is_administrative: boolean, };
export type Room = "unknown" | "enough" | "low" | "very_low";
export type RunState = "idle" | "downloading" | "ready" | "running" | "paused" | "held" | "complete" | "stopped" | "aborted";
export type SecretChange = { 
/**
 * The secret of until now.
 */
old: string, 
/**
 * The new one.
 */
new: string, };
export type SessionHandOver = { 
/**
 * Who takes over.
 */
user: string, 
/**
 * Theirs.
 */
proof: Proof, 
/**
 * What the next shift must know; may be empty.
 */
note: string, };
export type SessionOpen = { 
/**
 * The person's name.
 */
user: string, 
/**
 * The person's secret.
 */
secret: string, };
export type SessionUnlock = { 
/**
 * The session's own person's.
 */
proof: Proof, };
export type SessionView = { 
/**
 * Bearer token; goes with every command. Empty in answers to `session_get`.
 */
token: string, 
/**
 * The person's name.
 */
user: string, 
/**
 * The name as signatures print it.
 */
full_name: string, 
/**
 * What the person is at this place, from the role that may least.
 */
roles: Array<Role>, 
/**
 * What these roles may do.
 */
rights: Array<Right>, 
/**
 * The secret was made by somebody else: only `secret_change` is open.
 */
must_change_secret: boolean, 
/**
 * How much of the rights the session has now.
 */
standing: Standing, 
/**
 * How long until it stands lower when nobody touches it, ms; `None` = never, or it is locked.
 */
next_in_ms: number | null, };
export type SettingDifference = { 
/**
 * Which.
 */
key: string, 
/**
 * Now.
 */
before: string | null, 
/**
 * Then.
 */
after: string | null, };
export type SettingKind = { "kind": "text" } | { "kind": "file" } | { "kind": "choice", 
/**
 * The words.
 */
words: Array<string>, } | { "kind": "number", 
/**
 * Least, as it is written.
 */
least: string, 
/**
 * Most, as it is written.
 */
most: string, 
/**
 * Whole numbers only.
 */
is_whole: boolean, } | { "kind": "switch" } | { "kind": "texts" } | { "kind": "secret" };
export type SettingSet = { 
/**
 * Which, with dots.
 */
key: string, 
/**
 * The value as people write it; `None` = back to the default.
 */
value: string | null, 
/**
 * The state of the file that the person saw.
 */
fingerprint: string, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The person's own secret.
 */
secret: string, };
export type SettingSource = "default" | "file" | "env" | "here";
export type SettingView = { 
/**
 * Where it stands in the file, with dots.
 */
key: string, 
/**
 * What its value is.
 */
kind: SettingKind, 
/**
 * Unit; empty where there is none.
 */
unit: string, 
/**
 * What the file and the environment say now; `None` = nothing. Empty for a secret that is set.
 */
value: string | null, 
/**
 * Value where nothing is said.
 */
default: string | null, 
/**
 * Where the value comes from.
 */
source: SettingSource, 
/**
 * Who changed it here last, where that still stands.
 */
changed_by: string | null, 
/**
 * When, UTC ms.
 */
changed_at_ms: number | null, 
/**
 * The program was started with another value: this one counts after a restart.
 */
is_pending: boolean, 
/**
 * What the program was started with.
 */
running: string | null, 
/**
 * Fixed for good once orders came: it ties records together.
 */
is_fixed: boolean, 
/**
 * Allowed and seldom wise: `poll_fast`, `timeout_over_poll`, `nodes_swapped`, `plain_http`,
 * `password_inline`.
 */
warning: string | null, };
export type SettingsDifference = { 
/**
 * The other file's text.
 */
text: string, };
export type SettingsDifferenceView = { 
/**
 * The settings that differ.
 */
rows: Array<SettingDifference>, 
/**
 * True when something differs that is no single setting, such as the table of materials.
 */
has_more: boolean, };
export type SettingsImport = { 
/**
 * The other file's text.
 */
text: string, 
/**
 * The state of the file that the person saw.
 */
fingerprint: string, 
/**
 * Why, at least three characters.
 */
reason: string, 
/**
 * The person's own secret.
 */
secret: string, };
export type SettingsText = { 
/**
 * TOML.
 */
text: string, };
export type SettingsView = { 
/**
 * The configuration file; `None` = the settings are built in, as the demo's are.
 */
file: string | null, 
/**
 * Tells this state of the file from another; goes with every change.
 */
fingerprint: string, 
/**
 * Why nothing can be changed from here, as the system or the program says.
 */
why_not: string | null, 
/**
 * How many settings count only after a restart.
 */
pending: number, 
/**
 * The settings, in the order of the table.
 */
settings: Array<SettingView>, };
export type ShortageView = { 
/**
 * The silo.
 */
silo: SiloNo, 
/**
 * Its label.
 */
label: string, 
/**
 * Needed.
 */
need_g: number, 
/**
 * By our ledger.
 */
have_g: number, };
export type SignatureMeaning = "approve" | "reject" | "revoke" | "stop" | "cancel" | "manual_entry" | "waive" | "by_hand" | "waive_asked" | "by_hand_asked" | "ask_withdrawn" | "ask_declined" | "go_on" | "withdraw" | "adopt" | "store_result" | "close_with_last" | "let_go" | "replace" | "keep_order" | "stock_correct" | "deviation_accept" | "setting_set" | "settings_import" | "make_ready" | "set_flags" | "unknown";
export type SignatureView = { 
/**
 * Its number.
 */
id: number, 
/**
 * Printed name of the signer.
 */
person: string, 
/**
 * Login name of the signer at that time; empty for signatures of before it was kept.
 */
login: string, 
/**
 * Key of the site where it was made; empty as well.
 */
site: string, 
/**
 * What it means; `unknown` for a word that stands in [`SignatureView::word`] only.
 */
meaning: SignatureMeaning, 
/**
 * What it means, as stored.
 */
word: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * The reason given, where one is needed.
 */
reason: string | null, 
/**
 * The content hash that it covers.
 */
content_hash: string, 
/**
 * Its own hash; empty for signatures of before it was kept.
 */
hash: string, 
/**
 * Recomputed from the books now: false when it, or what it stands on, is not as it was signed.
 */
valid: boolean, };
export type SiloCorrect = { 
/**
 * Which silo.
 */
silo: SiloNo, 
/**
 * What is in it, grams.
 */
counted_g: number, 
/**
 * The stock that the caller saw, grams; `None` = none was known.
 */
expected_g: number | null, 
/**
 * Why the ledger is wrong.
 */
reason: string, 
/**
 * Own secret again.
 */
secret: string, };
export type SiloList = { 
/**
 * In the plant's order.
 */
silos: Array<SiloView>, };
export type SiloNo = number;
export type SiloView = { 
/**
 * Its number.
 */
silo: SiloNo, 
/**
 * Its label.
 */
label: string, 
/**
 * The ERP's equipment code.
 */
erp_code: string, 
/**
 * What it holds.
 */
material: string, 
/**
 * True for a tank.
 */
is_liquid: boolean, 
/**
 * Capacity.
 */
capacity_g: number, 
/**
 * Low mark.
 */
low_g: number, 
/**
 * Largest single dose.
 */
max_dose_g: number, 
/**
 * Level by the ledger (*calc.*); `None` = never known.
 */
level_g: number | null, 
/**
 * Need of the signed and waiting batches.
 */
next_need_g: number, 
/**
 * Hours until the low mark at today's rate; `None` = not falling.
 */
hours_to_low: number | null, 
/**
 * Levels of the last hour, oldest first, one a minute.
 */
spark_g: Array<number>, 
/**
 * Last movement.
 */
moved_at_ms: number | null, };
export type SlotBatch = { 
/**
 * The batch.
 */
id: BatchId, 
/**
 * Its label.
 */
label: string, 
/**
 * Its version, for the decision.
 */
version: number, 
/**
 * Content hash of its recipe, which a decision is signed over.
 */
content_hash: string, 
/**
 * Run state.
 */
run: RunState, 
/**
 * How far the download has come.
 */
download_step: DownloadStep | null, 
/**
 * How far the finish has come.
 */
finish_step: FinishStep | null, 
/**
 * The number of this download, where the map has a word for it.
 */
download_id: number | null, 
/**
 * Since when the PLC is waited for, UTC milliseconds.
 */
waiting_since_ms: number | null, };
export type SlotDecision = "go_on" | "withdraw" | "adopt" | "store_result" | "close_with_last" | "let_go" | "make_ready";
export type SlotNo = number;
export type SlotShows = "unseen" | "free" | "not_ready" | "running" | "final" | "final_stored" | "other" | "refused";
export type SlotStanding = "agrees" | "waits" | "heals" | "differs" | "unknown";
export type SlotTruth = { 
/**
 * The slot.
 */
slot: SlotNo, 
/**
 * How they stand to each other.
 */
standing: SlotStanding, 
/**
 * What the PLC shows.
 */
shows: SlotShows, 
/**
 * The order's name as the PLC has it; empty when there is none.
 */
order_name: string, 
/**
 * The handshake flag in the write area: true = 1.
 */
flag: boolean | null, 
/**
 * The acknowledgement in the read area: true = 1.
 */
ack: boolean | null, 
/**
 * The download id that the PLC echoes.
 */
download_id: number | null, 
/**
 * Age of this look.
 */
age_ms: number | null, 
/**
 * What we say; `None` = no batch of ours.
 */
batch: SlotBatch | null, 
/**
 * What is the matter, as a sentence with addresses where a block was refused.
 */
trouble: string | null, 
/**
 * The decision that is proposed.
 */
proposal: SlotDecision | null, 
/**
 * Every decision that may be taken, the proposed one first.
 */
choices: Array<SlotDecision>, 
/**
 * A decision that was taken and is being carried out.
 */
pending: SlotDecision | null, };
export type Standing = "open" | "lowered" | "locked";
export type StartProblem = { 
/**
 * What it concerns: `plc`, `erp`, `config`, `store`.
 */
area: string, 
/**
 * What is wrong, where, and what still works.
 */
message: string, };
export type TrailFault = { 
/**
 * Its kind, for programs: `row_content`, `seal_forged`, `cut_short` …
 */
kind: string, 
/**
 * The first row that cannot be believed.
 */
row: number, 
/**
 * What is wrong, for people; English.
 */
message: string, };
export type TrailFinding = { 
/**
 * Which check found it.
 */
check: string, 
/**
 * What is wrong, for people; English.
 */
message: string, };
export type TrailKey = { 
/**
 * Its number.
 */
key_no: number, 
/**
 * In hexadecimal.
 */
public_key: string, 
/**
 * To compare with what was noted on paper.
 */
fingerprint: string, 
/**
 * Since when, UTC milliseconds.
 */
since_ms: number, };
export type TrailReport = { 
/**
 * Rows that fit, from the first on.
 */
rows: number, 
/**
 * Seals that fit.
 */
seals: number, 
/**
 * Anchors from outside that fit.
 */
anchors: number, 
/**
 * The newest seal that fits.
 */
sealed: TrailSeal | null, 
/**
 * The last row that fits, as an anchor to write down.
 */
head: string | null, 
/**
 * The keys that the trail names.
 */
keys: Array<TrailKey>, 
/**
 * The first thing that does not fit; nothing behind it was looked at.
 */
fault: TrailFault | null, 
/**
 * What does not fit beside the walk.
 */
further: Array<TrailFinding>, };
export type TrailSeal = { 
/**
 * Its number.
 */
seal_no: number, 
/**
 * The last row it covers.
 */
seq: number, 
/**
 * When it was made, UTC milliseconds.
 */
at_ms: number, 
/**
 * By which key.
 */
key_no: number, };
export type TrainingFault = { 
/**
 * Stable key, such as `drop`, `bridging_silo`, `reboot_memory_lost`. The screen has its words.
 */
key: string, 
/**
 * Where it sits.
 */
group: FaultGroup, 
/**
 * It happens once, when asked for; there is nothing to switch off.
 */
is_momentary: boolean, 
/**
 * It is on.
 */
is_on: boolean, 
/**
 * How much, in `unit`.
 */
value: number | null, 
/**
 * `percent`, `ms`, `permille` or empty.
 */
unit: string, 
/**
 * Least value.
 */
least: number, 
/**
 * Largest value.
 */
most: number, 
/**
 * What it is aimed at now.
 */
target: number | null, 
/**
 * What it can be aimed at; empty = it needs no target.
 */
targets: Array<FaultTarget>, 
/**
 * How often it has struck.
 */
count: number, };
export type TrainingSet = { 
/**
 * Which.
 */
key: string, 
/**
 * On or off; true lets a momentary one happen.
 */
is_on: boolean, 
/**
 * How much; `None` = as before, or the usual.
 */
value: number | null, 
/**
 * Aimed at; `None` = as before, or the first.
 */
target: number | null, };
export type TrainingView = { 
/**
 * The faults.
 */
faults: Array<TrainingFault>, 
/**
 * Seed of what happens by chance.
 */
seed: number, };
export type TrendView = { 
/**
 * Which batch.
 */
id: BatchId, 
/**
 * Times, rising.
 */
at_ms: Array<number>, 
/**
 * Total dosed at these times; `None` = no good value (a gap stays a gap).
 */
dosed_g: Array<number | null>, 
/**
 * Plan of the silos.
 */
planned_g: number, };
export type UserId = number;
export type WhyNot = { "code": "needs_right", 
/**
 * Least role that has it.
 */
role: string, } | { "code": "session_low" } | { "code": "wrong_state" } | { "code": "plc_offline" } | { "code": "no_free_slot" } | { "code": "order_in_plc" } | { "code": "no_command_word" } | { "code": "pending" } | { "code": "no_register_map" } | { "code": "order_differs" } | { "code": "own_batch" } | { "code": "own_request" };
export type WordRow = { 
/**
 * First address.
 */
addr: number, 
/**
 * Slot and key, such as `slot 1 silo_a (read)`.
 */
name: string, 
/**
 * Raw words, hexadecimal.
 */
raw: string, 
/**
 * Decoded; empty when it is no value of its kind.
 */
value: string, 
/**
 * The verdict, empty when there is nothing to say.
 */
verdict: string, };

/** Command name to request and response. */
export interface Commands {
  app_info: { request: Nothing; response: AppInfo };
  session_open: { request: SessionOpen; response: SessionView };
  first_admin_create: { request: FirstAdminCreate; response: SessionView };
  session_get: { request: Nothing; response: SessionView };
  session_close: { request: Nothing; response: Done };
  session_touch: { request: Nothing; response: SessionView };
  session_lock: { request: Nothing; response: SessionView };
  session_unlock: { request: SessionUnlock; response: SessionView };
  session_hand_over: { request: SessionHandOver; response: SessionView };
  hand_over_list: { request: Nothing; response: HandOverList };
  quick_list: { request: Nothing; response: QuickList };
  quick_set: { request: QuickSet; response: QuickList };
  quick_clear: { request: QuickClear; response: Done };
  secret_change: { request: SecretChange; response: SessionView };
  live_get: { request: Nothing; response: LiveView };
  overview_get: { request: Nothing; response: OverviewView };
  order_import: { request: Nothing; response: ImportReport };
  order_list: { request: Nothing; response: OrderList };
  order_difference_decide: { request: OrderDifferenceDecide; response: OrderView };
  batch_list: { request: QueueList; response: QueueView };
  batch_get: { request: BatchGet; response: BatchView };
  batch_trend: { request: BatchGet; response: TrendView };
  batch_approve: { request: BatchApprove; response: BatchView };
  batch_reject: { request: BatchSignedReason; response: BatchView };
  batch_revoke: { request: BatchSignedReason; response: BatchView };
  batch_start: { request: BatchStart; response: BatchView };
  batch_pause: { request: BatchPause; response: BatchView };
  batch_resume: { request: BatchStart; response: BatchView };
  batch_stop: { request: BatchSignedReason; response: BatchView };
  batch_cancel: { request: BatchSignedReason; response: BatchView };
  manual_line_enter: { request: ManualLineEnter; response: BatchView };
  batch_deviation_accept: { request: DeviationAccept; response: BatchView };
  batch_note: { request: BatchNote; response: BatchView };
  history_list: { request: HistoryList; response: HistoryPage };
  record_get: { request: BatchGet; response: RecordView };
  record_print: { request: RecordPrint; response: RecordPrinted };
  batch_chart: { request: BatchChartGet; response: ChartView };
  silo_list: { request: Nothing; response: SiloList };
  silo_consumption: { request: ConsumptionGet; response: ConsumptionView };
  silo_movements: { request: MovementList; response: MovementPage };
  silo_correct: { request: SiloCorrect; response: SiloList };
  plc_get: { request: Nothing; response: PlcView };
  plc_slot_decide: { request: PlcSlotDecide; response: PlcView };
  plc_flags_set: { request: PlcFlagsSet; response: PlcView };
  plc_event_list: { request: Nothing; response: PlcEventList };
  plc_examine: { request: PlcExamine; response: PlcExamination };
  training_get: { request: Nothing; response: TrainingView };
  training_set: { request: TrainingSet; response: TrainingView };
  training_clear: { request: Nothing; response: TrainingView };
  outbox_list: { request: OutboxQuery; response: OutboxList };
  outbox_get: { request: OutboxGet; response: OutboxView };
  outbox_retry: { request: OutboxRetry; response: OutboxView };
  outbox_by_hand: { request: OutboxSigned; response: OutboxView };
  outbox_waive: { request: OutboxSigned; response: OutboxView };
  outbox_decline: { request: OutboxSigned; response: OutboxView };
  settings_list: { request: Nothing; response: SettingsView };
  settings_text_get: { request: Nothing; response: SettingsText };
  settings_difference_view: { request: SettingsDifference; response: SettingsDifferenceView };
  setting_set: { request: SettingSet; response: SettingsView };
  settings_import: { request: SettingsImport; response: SettingsView };
  erp_get: { request: Nothing; response: ErpView };
  erp_examine: { request: Nothing; response: ErpExamination };
  person_list: { request: Nothing; response: PersonList };
  person_get: { request: PersonGet; response: PersonView };
  role_list: { request: Nothing; response: RoleList };
  person_add: { request: PersonAdd; response: PersonSecretView };
  person_change: { request: PersonChange; response: PersonView };
  person_disable: { request: PersonAct; response: PersonView };
  person_enable: { request: PersonAct; response: PersonView };
  person_secret_reset: { request: PersonAct; response: PersonSecretView };
  api_token_list: { request: Nothing; response: ApiTokenList };
  api_token_add: { request: ApiTokenAdd; response: ApiTokenMade };
  api_token_end: { request: ApiTokenEnd; response: ApiTokenList };
  backup_list: { request: Nothing; response: BackupView };
  backup_now: { request: Nothing; response: BackupView };
  backup_try: { request: Nothing; response: BackupView };
  audit_list: { request: AuditList; response: AuditPage };
  audit_chain_get: { request: AuditChainGet; response: AuditChainView };
  audit_export: { request: AuditExport; response: AuditExported };
}
