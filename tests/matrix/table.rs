//! Who may do what, written out by hand: the other half of double-entry bookkeeping. Nothing here comes
//! from `millrace_core::access`; a change there that is not meant shows against this table.

use millrace_core::access::Role;

/// Whom a command is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For {
    /// Anybody who reaches the program, with or without a session.
    Anybody,
    /// Whoever is logged in, whatever their roles.
    Session,
    /// Who has one of these roles here.
    Roles(&'static [Role]),
}

use Role::{Admin, Auditor, Maintenance, Operator, Planner, SuperAdmin, Supervisor, Viewer};

/// Sees the process.
const ALL: For = For::Roles(&[
    Viewer,
    Operator,
    Planner,
    Maintenance,
    Auditor,
    Supervisor,
    Admin,
    SuperAdmin,
]);
/// Runs the line.
const LINE: For = For::Roles(&[Operator, Supervisor, SuperAdmin]);
/// Decides what comes in, and what is left out.
const ORDERS: For = For::Roles(&[Operator, Planner, Supervisor, SuperAdmin]);
/// Signs and decides.
const SIGNERS: For = For::Roles(&[Supervisor, SuperAdmin]);
/// Examines the PLC.
const PLC: For = For::Roles(&[Operator, Maintenance, Supervisor, Admin, SuperAdmin]);
/// Examines the way into the ERP.
const ERP: For = For::Roles(&[
    Operator,
    Planner,
    Maintenance,
    Supervisor,
    Admin,
    SuperAdmin,
]);
/// Makes faults for training.
const TRAINERS: For = For::Roles(&[Operator, Maintenance, Supervisor, Admin, SuperAdmin]);
/// Reads the trail.
const TRAIL: For = For::Roles(&[Auditor, Supervisor, Admin, SuperAdmin]);
/// Takes the trail out.
const EXPORT: For = For::Roles(&[Auditor, Admin, SuperAdmin]);
/// Makes backups.
const BACKUP: For = For::Roles(&[Maintenance, Admin, SuperAdmin]);
/// Manages people and settings.
const PEOPLE: For = For::Roles(&[Admin, SuperAdmin]);

/// Every command of the table, each once.
pub(crate) const TABLE: &[(&str, For)] = &[
    ("app_info", For::Anybody),
    ("session_open", For::Anybody),
    ("first_admin_create", For::Anybody),
    ("session_get", For::Session),
    ("session_close", For::Session),
    ("session_touch", For::Session),
    ("session_lock", For::Session),
    ("session_unlock", For::Session),
    ("session_hand_over", For::Session),
    ("hand_over_list", ALL),
    ("quick_list", For::Session),
    ("quick_set", For::Session),
    ("quick_clear", For::Session),
    ("secret_change", For::Session),
    ("live_get", ALL),
    ("overview_get", ALL),
    ("order_import", ORDERS),
    ("order_list", ALL),
    ("order_difference_decide", SIGNERS),
    ("batch_list", ALL),
    ("batch_get", ALL),
    ("batch_trend", ALL),
    ("batch_approve", SIGNERS),
    ("batch_reject", SIGNERS),
    ("batch_revoke", SIGNERS),
    ("batch_start", LINE),
    ("batch_pause", LINE),
    ("batch_resume", LINE),
    ("batch_stop", LINE),
    ("batch_cancel", ORDERS),
    ("manual_line_enter", LINE),
    ("batch_deviation_accept", SIGNERS),
    ("history_list", ALL),
    ("batch_note", LINE),
    ("record_get", ALL),
    ("record_print", ALL),
    ("batch_chart", ALL),
    ("silo_list", ALL),
    ("silo_consumption", ALL),
    ("silo_movements", ALL),
    ("silo_correct", SIGNERS),
    ("plc_get", ALL),
    ("plc_slot_decide", SIGNERS),
    ("plc_flags_set", SIGNERS),
    ("plc_event_list", ALL),
    ("plc_examine", PLC),
    ("training_get", ALL),
    ("training_set", TRAINERS),
    ("training_clear", TRAINERS),
    ("outbox_list", ALL),
    ("outbox_get", ALL),
    ("outbox_retry", LINE),
    ("outbox_by_hand", SIGNERS),
    ("outbox_waive", SIGNERS),
    ("outbox_decline", SIGNERS),
    ("erp_get", ALL),
    ("erp_examine", ERP),
    ("audit_list", TRAIL),
    ("audit_chain_get", TRAIL),
    ("audit_export", EXPORT),
    ("api_token_list", PEOPLE),
    ("api_token_add", PEOPLE),
    ("api_token_end", PEOPLE),
    ("backup_list", ALL),
    ("backup_now", BACKUP),
    ("backup_try", BACKUP),
    ("settings_list", ALL),
    ("settings_text_get", PEOPLE),
    ("settings_difference_view", PEOPLE),
    ("setting_set", PEOPLE),
    ("settings_import", PEOPLE),
    ("person_list", PEOPLE),
    ("person_get", PEOPLE),
    ("role_list", PEOPLE),
    ("person_add", PEOPLE),
    ("person_change", PEOPLE),
    ("person_disable", PEOPLE),
    ("person_enable", PEOPLE),
    ("person_secret_reset", PEOPLE),
];

/// Where a role may be granted, and whether it holds at the line that these books are of.
pub(crate) const PLACES: [(&str, &str, &str, bool); 6] = [
    ("everywhere", "", "", true),
    ("own site", "north", "", true),
    ("own line", "north", "Line 1", true),
    ("other line", "north", "Line 2", false),
    ("foreign site", "south", "", false),
    ("same line of a foreign site", "south", "Line 1", false),
];

/// What the command line answers, and why nobody needs to log in for it: whoever may start the program on
/// this machine may do this without it, and none of it changes the books.
pub(crate) const COMMAND_LINE: &[(&str, &str)] = &[
    (
        "plc decode",
        "judges words that were handed in; reaches nothing",
    ),
    ("plc map check", "reads a file that was handed in"),
    (
        "plc read",
        "reads a PLC that whoever is on its network can read",
    ),
    (
        "plc watch",
        "reads a PLC that whoever is on its network can read",
    ),
    (
        "verify",
        "reads books that whoever owns them can read, and changes nothing",
    ),
    ("backup", "copies books that whoever owns them can copy"),
    (
        "backup list",
        "reads a folder that whoever owns the books can read",
    ),
    (
        "backup check",
        "reads a backup that whoever owns it can read, and changes nothing",
    ),
    (
        "restore",
        "puts a file where whoever owns the books could copy it; the trail tells of it",
    ),
    (
        "doctor plc",
        "reads a PLC; writes only a spare word, when asked to, and sets it back",
    ),
];
