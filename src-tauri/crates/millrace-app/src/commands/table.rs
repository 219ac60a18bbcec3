//! The rows. A row without a body does not compile; a body without a row cannot be reached.

use millrace_core::access::Right;
use millrace_core::error_code::ErrorCode;
use serde_json::Value;
use ts_rs::{Config, TS, TypeVisitor};

use super::backup::BackupView;
use super::batch::{
    BatchApprove, BatchGet, BatchPause, BatchSignedReason, BatchStart, ManualLineEnter, QueueList,
    QueueView, TrendView,
};
use super::chart::{BatchChartGet, ChartView};
use super::deviation::DeviationAccept;
use super::erp::{ErpExamination, ErpView};
use super::examine::{PlcExamination, PlcExamine};
use super::hand_over::HandOverList;
use super::history::{HistoryList, HistoryPage};
use super::live::LiveView;
use super::lock::{QuickClear, QuickList, QuickSet, SessionHandOver, SessionUnlock};
use super::note::BatchNote;
use super::order::{ImportReport, OrderList, OrderView};
use super::order_decide::OrderDifferenceDecide;
use super::outbox::{OutboxGet, OutboxList, OutboxQuery, OutboxView};
use super::outbox_act::{OutboxRetry, OutboxSigned};
use super::overview::OverviewView;
use super::person::{PersonGet, PersonList, PersonView, RoleList};
use super::person_act::{PersonAct, PersonAdd, PersonChange, PersonSecretView, SecretChange};
use super::plc::{PlcFlagsSet, PlcSlotDecide, PlcView};
use super::plc_event::PlcEventList;
use super::record::RecordView;
use super::record_print::{RecordPrint, RecordPrinted};
use super::script::{ApiTokenAdd, ApiTokenEnd, ApiTokenList, ApiTokenMade};
use super::session::{AppInfo, Done, FirstAdminCreate, Nothing, SessionOpen, SessionView};
use super::settings::{SettingsDifference, SettingsDifferenceView, SettingsText, SettingsView};
use super::settings_act::{SettingSet, SettingsImport};
use super::silo::{ConsumptionGet, ConsumptionView, MovementList, MovementPage, SiloList};
use super::silo_act::SiloCorrect;
use super::trail::{
    AuditChainGet, AuditChainView, AuditExport, AuditExported, AuditList, AuditPage,
};
use super::training::{TrainingSet, TrainingView};
use super::view::BatchView;
use super::{Access, CommandInfo, Context};
use super::{
    backup, batch_act, batch_command, batch_view, chart, deviation, erp, examine, hand_over,
    history, live, lock, manual, note, order, order_decide, outbox, outbox_act, outbox_second,
    overview, person, person_act, plc, plc_decide, plc_event, record, record_print, script,
    session, settings, settings_act, silo, silo_act, trail, training,
};
use crate::error::AppError;

macro_rules! access {
    (public) => {
        (Access::Public, false)
    };
    (public, audited) => {
        (Access::Public, true)
    };
    (session) => {
        (Access::Session, false)
    };
    (session, audited) => {
        (Access::Session, true)
    };
    (right $right:ident) => {
        (Access::Right(Right::$right), false)
    };
    (right $right:ident, audited) => {
        (Access::Right(Right::$right), true)
    };
}

macro_rules! commands {
    ($( $module:ident :: $name:ident ( $request:ty ) -> $response:ty , [ $($access:tt)+ ] ; )+) => {
        /// Every command.
        pub const COMMANDS: &[CommandInfo] = &[
            $( CommandInfo { name: stringify!($name), access: access!($($access)+).0, is_audited: access!($($access)+).1 }, )+
        ];

        pub(super) async fn run(context: &Context, name: &str, payload: Value) -> Result<Value, AppError> {
            match name {
                $( stringify!($name) => {
                    let request: $request = parse(name, payload)?;
                    let response: $response = $module::$name(context, request).await?;
                    answer(&response)
                } )+
                _ => Err(AppError::refusal(ErrorCode::UnknownCommand, format!("there is no command {name:?}"))),
            }
        }

        fn visit_all(visitor: &mut Declarations) -> String {
            let mut rows = String::new();
            $(
                visitor.add::<$request>();
                visitor.add::<$response>();
                rows.push_str(&format!(
                    "  {}: {{ request: {}; response: {} }};\n",
                    stringify!($name),
                    <$request as TS>::name(&visitor.config),
                    <$response as TS>::name(&visitor.config),
                ));
            )+
            rows
        }
    };
}

commands! {
    session::app_info(Nothing) -> AppInfo, [public];
    session::session_open(SessionOpen) -> SessionView, [public, audited];
    session::first_admin_create(FirstAdminCreate) -> SessionView, [public, audited];
    session::session_get(Nothing) -> SessionView, [session];
    session::session_close(Nothing) -> Done, [session];
    lock::session_touch(Nothing) -> SessionView, [session];
    lock::session_lock(Nothing) -> SessionView, [session, audited];
    lock::session_unlock(SessionUnlock) -> SessionView, [session, audited];
    lock::session_hand_over(SessionHandOver) -> SessionView, [session, audited];
    hand_over::hand_over_list(Nothing) -> HandOverList, [right View];
    lock::quick_list(Nothing) -> QuickList, [session];
    lock::quick_set(QuickSet) -> QuickList, [session, audited];
    lock::quick_clear(QuickClear) -> Done, [session, audited];
    person_act::secret_change(SecretChange) -> SessionView, [session, audited];
    live::live_get(Nothing) -> LiveView, [right View];
    overview::overview_get(Nothing) -> OverviewView, [right View];
    order::order_import(Nothing) -> ImportReport, [right OrderImport, audited];
    order::order_list(Nothing) -> OrderList, [right View];
    order_decide::order_difference_decide(OrderDifferenceDecide) -> OrderView, [right OrderDecide, audited];
    batch_view::batch_list(QueueList) -> QueueView, [right View];
    batch_view::batch_get(BatchGet) -> BatchView, [right View];
    batch_view::batch_trend(BatchGet) -> TrendView, [right View];
    batch_act::batch_approve(BatchApprove) -> BatchView, [right BatchApprove, audited];
    batch_act::batch_reject(BatchSignedReason) -> BatchView, [right BatchReject, audited];
    batch_act::batch_revoke(BatchSignedReason) -> BatchView, [right BatchReject, audited];
    batch_act::batch_start(BatchStart) -> BatchView, [right BatchStart, audited];
    batch_command::batch_pause(BatchPause) -> BatchView, [right BatchPause, audited];
    batch_command::batch_resume(BatchStart) -> BatchView, [right BatchPause, audited];
    batch_command::batch_stop(BatchSignedReason) -> BatchView, [right BatchStop, audited];
    batch_command::batch_cancel(BatchSignedReason) -> BatchView, [right BatchCancel, audited];
    manual::manual_line_enter(ManualLineEnter) -> BatchView, [right ManualEnter, audited];
    deviation::batch_deviation_accept(DeviationAccept) -> BatchView, [right DeviationAccept, audited];
    note::batch_note(BatchNote) -> BatchView, [right ManualEnter, audited];
    history::history_list(HistoryList) -> HistoryPage, [right View];
    record::record_get(BatchGet) -> RecordView, [right View];
    record_print::record_print(RecordPrint) -> RecordPrinted, [right View, audited];
    chart::batch_chart(BatchChartGet) -> ChartView, [right View];
    silo::silo_list(Nothing) -> SiloList, [right View];
    silo::silo_consumption(ConsumptionGet) -> ConsumptionView, [right View];
    silo::silo_movements(MovementList) -> MovementPage, [right View];
    silo_act::silo_correct(SiloCorrect) -> SiloList, [right StockCorrect, audited];
    plc::plc_get(Nothing) -> PlcView, [right View];
    plc_decide::plc_slot_decide(PlcSlotDecide) -> PlcView, [right PlcDecide, audited];
    plc_decide::plc_flags_set(PlcFlagsSet) -> PlcView, [right PlcDecide, audited];
    plc_event::plc_event_list(Nothing) -> PlcEventList, [right View];
    examine::plc_examine(PlcExamine) -> PlcExamination, [right PlcExamine, audited];
    training::training_get(Nothing) -> TrainingView, [right View];
    training::training_set(TrainingSet) -> TrainingView, [right Train, audited];
    training::training_clear(Nothing) -> TrainingView, [right Train, audited];
    outbox::outbox_list(OutboxQuery) -> OutboxList, [right View];
    outbox::outbox_get(OutboxGet) -> OutboxView, [right View];
    outbox_act::outbox_retry(OutboxRetry) -> OutboxView, [right OutboxRetry, audited];
    outbox_act::outbox_by_hand(OutboxSigned) -> OutboxView, [right OutboxWaive, audited];
    outbox_act::outbox_waive(OutboxSigned) -> OutboxView, [right OutboxWaive, audited];
    outbox_second::outbox_decline(OutboxSigned) -> OutboxView, [right OutboxWaive, audited];
    settings::settings_list(Nothing) -> SettingsView, [right View];
    settings::settings_text_get(Nothing) -> SettingsText, [right SettingsChange];
    settings::settings_difference_view(SettingsDifference) -> SettingsDifferenceView, [right SettingsChange];
    settings_act::setting_set(SettingSet) -> SettingsView, [right SettingsChange, audited];
    settings_act::settings_import(SettingsImport) -> SettingsView, [right SettingsChange, audited];
    erp::erp_get(Nothing) -> ErpView, [right View];
    erp::erp_examine(Nothing) -> ErpExamination, [right ErpExamine, audited];
    person::person_list(Nothing) -> PersonList, [right PersonManage];
    person::person_get(PersonGet) -> PersonView, [right PersonManage];
    person::role_list(Nothing) -> RoleList, [right PersonManage];
    person_act::person_add(PersonAdd) -> PersonSecretView, [right PersonManage, audited];
    person_act::person_change(PersonChange) -> PersonView, [right PersonManage, audited];
    person_act::person_disable(PersonAct) -> PersonView, [right PersonManage, audited];
    person_act::person_enable(PersonAct) -> PersonView, [right PersonManage, audited];
    person_act::person_secret_reset(PersonAct) -> PersonSecretView, [right PersonManage, audited];
    script::api_token_list(Nothing) -> ApiTokenList, [right PersonManage];
    script::api_token_add(ApiTokenAdd) -> ApiTokenMade, [right PersonManage, audited];
    script::api_token_end(ApiTokenEnd) -> ApiTokenList, [right PersonManage, audited];
    backup::backup_list(Nothing) -> BackupView, [right View];
    backup::backup_now(Nothing) -> BackupView, [right BackupMake, audited];
    backup::backup_try(Nothing) -> BackupView, [right BackupMake, audited];
    trail::audit_list(AuditList) -> AuditPage, [right AuditView];
    trail::audit_chain_get(AuditChainGet) -> AuditChainView, [right AuditView];
    trail::audit_export(AuditExport) -> AuditExported, [right AuditExport, audited];
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, payload: Value) -> Result<T, AppError> {
    let payload = if payload.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        payload
    };
    serde_json::from_value(payload)
        .map_err(|error| AppError::refusal(ErrorCode::BadRequest, format!("{name}: {error}")))
}

fn answer<T: serde::Serialize>(response: &T) -> Result<Value, AppError> {
    serde_json::to_value(response).map_err(|error| {
        AppError::fault(
            ErrorCode::Internal,
            "the answer could not be written",
            &error,
        )
    })
}

/// Collects each type's declaration once, with all it is made of.
struct Declarations {
    config: Config,
    found: std::collections::BTreeMap<String, String>,
}

impl Declarations {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        self.visit::<T>();
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types of the language itself (number, string, lists) have no declaration of their own, but
        // the types within them do.
        if T::output_path().is_some() {
            let name = T::ident(&self.config);
            if self.found.contains_key(&name) {
                return;
            }
            self.found
                .insert(name, format!("export {}\n", T::decl(&self.config)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The TypeScript side of the table: every type, and the map from command to request and response.
#[must_use]
pub fn bindings() -> String {
    let mut visitor = Declarations {
        config: Config::new().with_large_int("number"),
        found: std::collections::BTreeMap::new(),
    };
    let rows = visit_all(&mut visitor);
    visitor.add::<AppError>();
    visitor.add::<super::view::JournalView>();
    let mut text = String::from(
        "// Generated from the command table in millrace-app. Do not edit: run\n// `cargo test -p millrace-tests --test bindings` and commit the result.\n\n",
    );
    for declaration in visitor.found.values() {
        text.push_str(declaration);
    }
    text.push_str("\n/** Command name to request and response. */\nexport interface Commands {\n");
    text.push_str(&rows);
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_whatever_changes_something_is_audited() {
        let mut names: Vec<&str> = COMMANDS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len());
        for command in COMMANDS {
            let reads = [
                "_get",
                "_list",
                "_view",
                "_trend",
                "_chart",
                "_info",
                "_movements",
                "_consumption",
                "session_close",
                "session_touch",
            ];
            let is_read = reads.iter().any(|end| command.name.ends_with(end));
            assert_eq!(command.is_audited, !is_read, "{}", command.name);
        }
    }
}
