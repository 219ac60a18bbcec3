//! The main job as a newcomer does it on the demo plant: log in, import, approve, start, watch,
//! posted, found again in History. Everything is pressed and read in the window; at the end the
//! application is asked whether what the window said is so.

use crate::failure::Failure;
use crate::webdriver::Window;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// For what only the page has to do.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// For what the plant has to do: a whole batch at twenty times real speed, on a busy machine.
pub(crate) const A_BATCH: Duration = Duration::from_secs(240);

/// Who signs in the demo, and with what; from the public answer that the login screen shows, too.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) name: String,
    pub(crate) secret: String,
}

/// The batch that is made.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) id: i64,
    pub(crate) label: String,
    pub(crate) product: String,
}

/// Does the job from login to history.
pub(crate) async fn run(window: &Window) -> Result<(), Failure> {
    let supervisor = log_in(window).await?;
    let token = second_session(window, &supervisor).await?;
    import(window).await?;
    let batch = choose(window, &token).await?;
    approve(window, &batch, &supervisor).await?;
    start(window, &batch).await?;
    watch(window, &batch).await?;
    posted(window).await?;
    history(window, &batch, &supervisor).await?;
    books_agree(window, &batch, &token).await
}

pub(crate) fn test_id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

pub(crate) async fn log_in(window: &Window) -> Result<Supervisor, Failure> {
    window
        .see(&test_id("login-demo-supervisor"), Duration::from_secs(60))
        .await?;
    window.picture("1-login").await?;
    let info = window.ask("app_info", json!({}), None).await?;
    let supervisor = info["demo_people"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|person| person["role"] == "supervisor")
        .map(|person| Supervisor {
            name: text(&person["name"]),
            secret: text(&person["secret"]),
        })
        .ok_or_else(|| Failure::new("the demo offers no supervisor"))?;
    window
        .click(&test_id("login-demo-supervisor"), SOON)
        .await?;
    window.see(&test_id("nav-queue"), SOON).await?;
    window.see(&test_id("status-plc"), SOON).await?;
    window.picture("2-overview").await?;
    Ok(supervisor)
}

/// A session beside the window's own, only to check what the window says.
pub(crate) async fn second_session(
    window: &Window,
    supervisor: &Supervisor,
) -> Result<String, Failure> {
    let payload = json!({"user": supervisor.name, "secret": supervisor.secret});
    let session = window.ask("session_open", payload, None).await?;
    Ok(text(&session["token"]))
}

pub(crate) async fn import(window: &Window) -> Result<(), Failure> {
    window.click(&test_id("nav-queue"), SOON).await?;
    window.click(&test_id("import-orders"), SOON).await?;
    window
        .read_until(&test_id("import-result"), "what came in", SOON, |shown| {
            !shown.is_empty()
        })
        .await?;
    window.see("[data-testid^=\"batch-row-\"]", SOON).await?;
    window.picture("3-imported").await
}

/// The first waiting batch that needs nothing by hand and lacks nothing.
pub(crate) async fn choose(window: &Window, token: &str) -> Result<Chosen, Failure> {
    let queue = window
        .ask("batch_list", json!({"words": []}), Some(token))
        .await?;
    for row in queue["rows"].as_array().into_iter().flatten() {
        let view = window
            .ask("batch_get", json!({"id": row["id"]}), Some(token))
            .await?;
        let is_by_hand = view["manual_lines"]
            .as_array()
            .is_some_and(|lines| !lines.is_empty());
        let is_short = row["shortages"]
            .as_array()
            .is_some_and(|lacks| !lacks.is_empty());
        if row["word"] == "pending" && !is_by_hand && !is_short {
            return Ok(Chosen {
                id: row["id"].as_i64().unwrap_or_default(),
                label: text(&row["label"]),
                product: text(&row["product"]),
            });
        }
    }
    Err(Failure::new(format!(
        "no batch can be made without hands: {queue}"
    )))
}

pub(crate) async fn approve(
    window: &Window,
    batch: &Chosen,
    by: &Supervisor,
) -> Result<(), Failure> {
    window
        .point_at(&test_id(&format!("batch-row-{}", batch.label)), SOON)
        .await?;
    window.click(&test_id("action-batch_approve"), SOON).await?;
    window.see(&test_id("dialog-secret"), SOON).await?;
    window
        .read_until(
            "[role=\"dialog\"],[role=\"alertdialog\"]",
            "the product",
            SOON,
            |shown| shown.contains(&batch.product),
        )
        .await?;
    window
        .type_into(&test_id("dialog-secret"), &by.secret, SOON)
        .await?;
    window.picture("4-approve").await?;
    window.click(&test_id("dialog-confirm"), SOON).await
}

pub(crate) async fn start(window: &Window, batch: &Chosen) -> Result<(), Failure> {
    window.click(&test_id("action-batch_start"), SOON).await?;
    window.see(&test_id("dialog-confirm"), SOON).await?;
    window.picture("5-start").await?;
    window.click(&test_id("dialog-confirm"), SOON).await?;
    for step in ["prepared", "written", "verified", "offered", "taken"] {
        let done = format!(
            "{}[data-done=\"true\"]",
            test_id(&format!("download-step-{step}"))
        );
        window.see(&done, SOON).await?;
    }
    window.picture("6-download").await?;
    window.click(&test_id("nav-live"), SOON).await?;
    window
        .read_until(&test_id("live-label"), &batch.label, SOON, |shown| {
            shown.contains(&batch.label)
        })
        .await?;
    Ok(())
}

async fn watch(window: &Window, batch: &Chosen) -> Result<(), Failure> {
    window.see("[data-testid^=\"bullet-\"]", SOON).await?;
    let mut shown = BTreeSet::new();
    let mut has_picture = false;
    window
        .wait("the batch to be complete", A_BATCH, async || {
            if let Some(bar) = window.all(&test_id("live-progress")).await?.first() {
                shown.insert(window.attribute(bar, "data-progress-bp").await?);
            }
            if shown.len() > 5 && !has_picture {
                has_picture = true;
                window.picture("7-live").await?;
            }
            let due = "[data-testid=\"posting-state\"]:not([data-state=\"not_due\"])";
            Ok(window.all(due).await?.first().map(|_| ()))
        })
        .await?;
    if shown.len() < 3 {
        return Err(Failure::new(format!(
            "{} hardly moved: only {shown:?}",
            batch.label
        )));
    }
    Ok(())
}

async fn posted(window: &Window) -> Result<(), Failure> {
    let state = test_id("posting-state");
    window
        .wait("the posting to be confirmed", A_BATCH, async || {
            let Some(element) = window.all(&state).await?.into_iter().next() else {
                return Ok(None);
            };
            let word = window.attribute(&element, "data-state").await?;
            Ok((word.as_deref() == Some("posted")).then_some(()))
        })
        .await?;
    window.picture("8-posted").await
}

async fn history(window: &Window, batch: &Chosen, by: &Supervisor) -> Result<(), Failure> {
    window.click(&test_id("nav-history"), SOON).await?;
    window
        .point_at(&test_id(&format!("history-row-{}", batch.label)), SOON)
        .await?;
    window
        .read_until(&test_id("history-approved-by"), &by.name, SOON, |shown| {
            shown.contains(&by.name)
        })
        .await?;
    window.see(&test_id("history-chart"), SOON).await?;
    window
        .wait("the chart to be drawn", SOON, async || {
            let width = window
                .evaluate(
                    "(() => { const at = document.querySelector('[data-testid=\"history-chart\"]'); \
                     const image = at?.tagName === 'IMG' ? at : at?.querySelector('img'); \
                     return image?.complete ? image.naturalWidth : 0; })()",
                )
                .await?;
            Ok((width.as_f64().unwrap_or_default() > 0.0).then_some(()))
        })
        .await?;
    window.picture("9-history").await
}

/// What the window said, in figures: every line that the ERP holds equals ours.
async fn books_agree(window: &Window, batch: &Chosen, token: &str) -> Result<(), Failure> {
    let view = window
        .ask("batch_get", json!({"id": batch.id}), Some(token))
        .await?;
    let posting = &view["posting"];
    let lines = posting["read_back"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let differs = |line: &&Value| line["ours_g"] != line["erp_g"] && line["is_cut"] != true;
    if posting["state"] != "posted" || lines.is_empty() {
        return Err(Failure::new(format!(
            "{} is not posted: {posting}",
            batch.label
        )));
    }
    if let Some(line) = lines.iter().find(differs) {
        return Err(Failure::new(format!(
            "the ERP holds something else: {line}"
        )));
    }
    if posting["our_finished_g"] != posting["erp_finished_g"] {
        return Err(Failure::new(format!(
            "the finished weights differ: {posting}"
        )));
    }
    Ok(())
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
