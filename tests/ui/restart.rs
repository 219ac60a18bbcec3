//! What an electrician and a supervisor do when the PLC starts anew in the middle of a batch: the
//! training screen makes it happen, the PLC screen shows both sides and takes one signed decision,
//! the examination says that the plant is sound.

use crate::failure::Failure;
use crate::main_job::{
    A_BATCH, SOON, approve, choose, import, log_in, second_session, start, test_id, text,
};
use crate::webdriver::Window;
use serde_json::json;
use std::time::Duration;

/// For the engine to see a restart, and for the examination, which waits for the heartbeat.
const A_MOMENT: Duration = Duration::from_secs(60);

pub(crate) async fn run(window: &Window) -> Result<(), Failure> {
    let supervisor = log_in(window).await?;
    let token = second_session(window, &supervisor).await?;
    import(window).await?;
    let batch = choose(window, &token).await?;
    approve(window, &batch, &supervisor).await?;
    start(window, &batch).await?;
    window
        .wait("the batch to dose", A_BATCH, async || {
            let live = window.ask("live_get", json!({}), Some(&token)).await?;
            let dosed = live["batch"]["dosed_g"].as_i64();
            Ok(dosed.filter(|grams| *grams > 0))
        })
        .await?;

    window.click(&test_id("nav-training"), SOON).await?;
    window.see(&test_id("do-reboot_memory_kept"), SOON).await?;
    window.picture("1-training").await?;
    window
        .click(&test_id("do-reboot_memory_kept"), SOON)
        .await?;

    window.click(&test_id("nav-plc"), SOON).await?;
    window
        .see(
            "[data-testid=\"slot-standing-1\"][data-standing=\"differs\"]",
            A_MOMENT,
        )
        .await?;
    window.picture("2-slots").await?;
    window.click(&test_id("decide-1"), SOON).await?;
    window.click(&test_id("decision-go_on"), SOON).await?;
    window
        .type_into(&test_id("dialog-reason"), "the line was looked at", SOON)
        .await?;
    window
        .type_into(&test_id("dialog-secret"), &supervisor.secret, SOON)
        .await?;
    window.picture("3-decide").await?;
    window.click(&test_id("dialog-confirm"), SOON).await?;
    window
        .wait("the batch to go on", A_MOMENT, async || {
            let payload = json!({"id": batch.id});
            let view = window.ask("batch_get", payload, Some(&token)).await?;
            let run = text(&view["row"]["run"]);
            Ok((run != "held").then_some(()))
        })
        .await?;

    for (tab, picture) in [("tab-link", "4-link"), ("tab-events", "5-events")] {
        window.click(&test_id(tab), SOON).await?;
        window.picture(picture).await?;
    }
    window.click(&test_id("tab-examine"), SOON).await?;
    window.click(&test_id("action-plc_examine"), SOON).await?;
    window
        .see(
            "[data-testid=\"examination\"][data-sound=\"true\"]",
            A_MOMENT,
        )
        .await?;
    window.picture("6-examined").await?;

    let view = window
        .wait("the batch to end", A_BATCH, async || {
            let payload = json!({"id": batch.id});
            let view = window.ask("batch_get", payload, Some(&token)).await?;
            Ok((view["row"]["word"] == "completed").then_some(view))
        })
        .await?;
    let is_signed = view["signatures"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|signature| signature["meaning"] == "go_on");
    if is_signed {
        Ok(())
    } else {
        Err(Failure::new(format!("nobody signed for going on: {view}")))
    }
}
