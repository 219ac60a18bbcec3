//! What an administrator does: adds a person who gets a one-time secret, looks at the trail, and finds the
//! settings; pressed and read in the window, and asked of the application at the end.

use crate::failure::Failure;
use crate::main_job::{SOON, test_id};
use crate::webdriver::Window;
use serde_json::json;
use std::time::Duration;

/// Nobody's name: a trade and a number, as the demo's people.
const NAME: &str = "Operator 2";

/// From the login to the trail that tells of it.
pub(crate) async fn run(window: &Window) -> Result<(), Failure> {
    window
        .see(&test_id("login-demo-super_admin"), Duration::from_secs(60))
        .await?;
    window
        .click(&test_id("login-demo-super_admin"), SOON)
        .await?;
    window.click(&test_id("nav-settings"), SOON).await?;
    window
        .see(&test_id("setting-plc.poll_live_ms"), SOON)
        .await?;
    window.picture("values").await?;
    let secret = add(window).await?;
    let opened = window
        .ask(
            "session_open",
            json!({ "user": NAME, "secret": secret }),
            None,
        )
        .await?;
    if opened["must_change_secret"] != true {
        return Err(Failure::new(format!(
            "a one-time secret opened more than its change: {opened}"
        )));
    }
    window.click(&test_id("settings-roles"), SOON).await?;
    window.see(&test_id("role-matrix"), SOON).await?;
    window.picture("roles").await?;
    trail(window).await
}

async fn add(window: &Window) -> Result<String, Failure> {
    window.click(&test_id("settings-people"), SOON).await?;
    window.click(&test_id("person-add"), SOON).await?;
    window
        .type_into(&test_id("person-name"), NAME, SOON)
        .await?;
    window.click(&test_id("person-save"), SOON).await?;
    let secret = window
        .read_until(
            &test_id("one-time-secret"),
            "a one-time secret",
            SOON,
            |text| text.len() >= 16,
        )
        .await?;
    window.picture("one-time-secret").await?;
    window.click(&test_id("one-time-secret-done"), SOON).await?;
    window
        .see(&test_id(&format!("person-row-{NAME}")), SOON)
        .await?;
    window.picture("people").await?;
    Ok(secret)
}

async fn trail(window: &Window) -> Result<(), Failure> {
    window.click(&test_id("settings-audit"), SOON).await?;
    window.click(&test_id("audit-check"), SOON).await?;
    window.see(&test_id("audit-whole"), SOON).await?;
    // The driver holds rows of a table to be without a text, so the page is asked.
    let rows = "[...document.querySelectorAll('[data-testid^=\"audit-row-\"]')].map((row) => row.textContent).join('\\n')";
    window
        .wait("the trail to tell who was added", SOON, async || {
            let shown = window.evaluate(rows).await?;
            let is_told = shown
                .as_str()
                .is_some_and(|text| text.contains("person add"));
            Ok(is_told.then_some(()))
        })
        .await?;
    window.picture("trail").await
}
