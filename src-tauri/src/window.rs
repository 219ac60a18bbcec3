//! The one window: its size, what it may load, and how it is painted on a machine without a
//! graphics card. Leaves out what happens inside it: that is the UI.

use std::path::Path;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The window's label, to which `capabilities/main.json` grants the one command.
pub(crate) const LABEL: &str = "main";

const LOCALE_GUARD: &str = include_str!("locale_guard.js");

/// How the page is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Painting {
    /// The web view decides.
    Accelerated,
    /// By the processor alone: four times as fast as software OpenGL where there is no graphics
    /// card, and the way out where a driver leaves the window blank.
    Plain,
}

impl Painting {
    /// Chooses by what the machine has; `--safe-graphics` forces [`Painting::Plain`].
    pub(crate) fn choose(is_safe_wanted: bool) -> Self {
        if is_safe_wanted || !has_graphics_device(Path::new("/dev/dri")) {
            Self::Plain
        } else {
            Self::Accelerated
        }
    }
}

/// Starts the program again, as it was started, with the web view's hardware path for buffers
/// switched off; only an environment that exists from the first instruction on does that. Returns
/// only when there is nothing to do or when it fails.
///
/// # Errors
/// What the system reports when the program cannot be started again.
#[cfg(target_os = "linux")]
pub(crate) fn restart_with_safe_graphics() -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;

    const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::env::var_os(SWITCH).is_some() {
        return Ok(());
    }
    let error = std::process::Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(SWITCH, "1")
        .exec();
    Err(error)
}

/// Nothing to switch off: the web view of this system has no such path.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) fn restart_with_safe_graphics() -> std::io::Result<()> {
    Ok(())
}

fn has_graphics_device(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
    })
}

/// Opens the window on the UI that is built into the program.
///
/// # Errors
/// What the web view reports when it cannot be created.
pub(crate) fn open(handle: &AppHandle, painting: Painting) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::new(handle, LABEL, WebviewUrl::App("index.html".into()))
        .title("Millrace")
        .inner_size(1366.0, 768.0)
        .min_inner_size(1280.0, 720.0)
        .center()
        .initialization_script(LOCALE_GUARD)
        .devtools(cfg!(debug_assertions))
        .disable_drag_drop_handler()
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    paint(&window, painting)?;
    Ok(window)
}

/// True for the pages built into the program, which are the only ones the window shows.
fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // The form that the same origin takes on Windows and Android.
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

#[cfg(target_os = "linux")]
fn paint(window: &WebviewWindow, painting: Painting) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

    match painting {
        Painting::Accelerated => Ok(()),
        Painting::Plain => window.with_webview(|view| {
            if let Some(settings) = view.inner().settings() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
        }),
    }
}

#[cfg(not(target_os = "linux"))]
fn paint(_window: &WebviewWindow, _painting: Painting) -> tauri::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: bool) {
        let parsed = Url::parse(url).expect("the test's own address is an address");
        assert_eq!(is_own(&parsed), expected, "{url}");
    }

    #[test]
    fn the_window_shows_its_own_pages_only() {
        check("tauri://localhost/", true);
        check("tauri://localhost/index.html#/live", true);
        check("http://tauri.localhost/index.html", true);
        check("tauri://elsewhere/", false);
        check("https://example.org/", false);
        check("http://127.0.0.1:8520/", false);
        check("file:///etc/passwd", false);
        check("javascript:alert(1)", false);
        check("data:text/html,x", false);
    }

    #[test]
    fn safe_graphics_always_paints_by_processor() {
        assert_eq!(Painting::choose(true), Painting::Plain);
    }

    #[test]
    fn a_folder_without_a_render_node_is_no_graphics_device() {
        assert!(!has_graphics_device(Path::new("/nonexistent/dri")));
    }
}
