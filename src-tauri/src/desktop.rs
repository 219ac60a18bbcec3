//! The desktop side of the program: the web view's event loop around a running application. Leaves
//! out starting and stopping the application, which `main` does.

use crate::rpc::{self, Feed};
use crate::window::{self, Painting};
use millrace_app::App;
use tauri::{Manager, RunEvent};

/// Shows the window and returns when it is closed, or when the system asks the program to end.
/// Must be called on the main thread, within the runtime that the application lives on.
///
/// # Errors
/// What the web view reports when the window cannot be opened.
pub(crate) fn run(app: App, painting: Painting) -> tauri::Result<()> {
    tauri::async_runtime::set(tokio::runtime::Handle::current());
    let shell = tauri::Builder::default()
        .manage(app)
        .manage(Feed::default())
        .invoke_handler(tauri::generate_handler![rpc::rpc])
        .setup(move |shell| {
            window::open(shell.handle(), painting)?;
            let handle = shell.handle().clone();
            tokio::spawn(async move {
                asked_to_end().await;
                handle.exit(0);
            });
            Ok(())
        })
        .build(tauri::generate_context!())?;
    shell.run_return(|handle, event| {
        if let RunEvent::Exit = event {
            handle.state::<Feed>().end();
        }
    });
    Ok(())
}

/// Waits for the signal with which a person or the system ends a program in good order.
#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::warn!("signals cannot be heard: close the window to end the program");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Why no window can be opened here, if that can be told beforehand: the toolkit itself would only
/// abort.
pub(crate) fn missing_display() -> Option<&'static str> {
    let has = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_missing = cfg!(target_os = "linux") && !has("DISPLAY") && !has("WAYLAND_DISPLAY");
    is_missing.then_some(
        "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). \
         With --headless the same product runs in a browser.",
    )
}
