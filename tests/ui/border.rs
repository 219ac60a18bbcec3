//! What the window must be, whatever it shows: it comes up under any locale, and it keeps to itself.

use crate::failure::Failure;
use crate::webdriver::Window;
use serde_json::{Value, json};
use std::time::Duration;

/// Under `LANG=C.UTF-8` the web view's language is "C", on which every number format throws; the
/// login screen comes up all the same, and a language is there to be used.
pub(crate) async fn comes_up_without_a_locale(window: &Window) -> Result<(), Failure> {
    window
        .see(
            "[data-testid=\"login-demo-supervisor\"]",
            Duration::from_secs(60),
        )
        .await?;
    let formatted = window
        .evaluate("new Intl.NumberFormat(navigator.language).format(1234.5)")
        .await?;
    window.picture("login").await?;
    expect(
        "a number in the window's language",
        &formatted,
        &json!("1,234.5"),
    )
}

/// The page reaches one command and its own files, nothing else.
pub(crate) async fn keeps_to_itself(window: &Window) -> Result<(), Failure> {
    window
        .see(
            "[data-testid=\"login-demo-supervisor\"]",
            Duration::from_secs(60),
        )
        .await?;

    let here = window.evaluate("location.href").await?;
    window
        .evaluate("(location.href = 'https://example.org/', 1)")
        .await?;
    let opened = window
        .evaluate("window.open('https://example.org/') === null")
        .await?;
    expect("window.open opens nothing", &opened, &json!(true))?;

    for command in [
        "plugin:event|listen",
        "plugin:window|close",
        "plugin:app|version",
    ] {
        let refused = window
            .run(
                "const done = arguments[1]; \
                 window.__TAURI_INTERNALS__.invoke(arguments[0], {}) \
                 .then(() => done('carried out'), (error) => done(String(error)))",
                json!([command]),
            )
            .await?;
        if !refused.as_str().unwrap_or_default().contains("not allowed") {
            return Err(Failure::new(format!("{command} is not refused: {refused}")));
        }
    }

    let fetched = window
        .run(
            "const done = arguments[0]; \
             fetch('http://127.0.0.1:9/').then(() => done('sent'), () => done('blocked')); \
             document.addEventListener('securitypolicyviolation', \
             (event) => done('policy ' + event.effectiveDirective), { once: true })",
            json!([]),
        )
        .await?;
    expect(
        "a request to elsewhere",
        &fetched,
        &json!("policy connect-src"),
    )?;

    let global = window.evaluate("typeof window.__TAURI__").await?;
    expect("the global Tauri object", &global, &json!("undefined"))?;
    let still_here = window.evaluate("location.href").await?;
    expect("the page after being sent elsewhere", &still_here, &here)
}

fn expect(what: &str, found: &Value, wanted: &Value) -> Result<(), Failure> {
    if found == wanted {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{what}: expected {wanted}, found {found}"
        )))
    }
}
