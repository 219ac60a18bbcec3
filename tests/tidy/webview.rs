//! The web view is the untrusted side: what it may load, whom it may speak to, and which of the
//! shell's commands it may call are settled in files, and held here.

use serde_json::Value;

use crate::tree::{files, none};

fn text_of(folder: &str, name: &str, ends: &[&str]) -> String {
    let path = format!("{folder}/{name}");
    files(folder, ends)
        .into_iter()
        .find(|file| file.path == path)
        .unwrap_or_else(|| panic!("{path} is not there"))
        .text
}

fn shell() -> Value {
    serde_json::from_str(&text_of("src-tauri", "tauri.conf.json", &[".json"]))
        .expect("the shell's configuration is JSON")
}

/// The sources of a directive, or of `default-src` where it does not stand.
fn sources<'a>(csp: &'a str, directive: &str) -> Vec<&'a str> {
    let of = |wanted: &str| {
        csp.split(';').find_map(|part| {
            let mut words = part.split_whitespace();
            (words.next() == Some(wanted)).then(|| words.collect())
        })
    };
    of(directive)
        .or_else(|| of("default-src"))
        .unwrap_or_default()
}

/// What is wrong with a policy, one sentence each.
fn faults(csp: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |directive: &str, expected: &[&str]| {
        let found = sources(csp, directive);
        if found != expected {
            faults.push(format!("{directive} is {found:?} instead of {expected:?}"));
        }
    };
    must("script-src", &["'self'"]);
    must("script-src-elem", &["'self'"]);
    must("worker-src", &["'self'"]);
    must("frame-src", &["'self'"]);
    must("object-src", &["'none'"]);
    must("base-uri", &["'none'"]);
    must("frame-ancestors", &["'none'"]);
    must("img-src", &["'self'", "data:"]);
    must("font-src", &["'self'", "data:"]);
    for word in csp.split([';', ' ']) {
        let is_remote = word.contains("://") && word != "http://ipc.localhost";
        if is_remote || matches!(word, "*" | "http:" | "https:" | "'unsafe-eval'") {
            faults.push(format!("{word} has no place in it"));
        }
    }
    faults
}

#[test]
fn a_policy_that_lets_something_in_is_found_out() {
    let good = "default-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    assert_eq!(faults(good), Vec::<String>::new());
    for (from, to) in [
        ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        ("script-src 'self'", "script-src 'self' 'unsafe-eval'"),
        ("script-src 'self'", "script-src https:"),
        ("img-src 'self' data:", "img-src *"),
        (
            "default-src 'self'",
            "default-src 'self' https://cdn.example",
        ),
        ("object-src 'none'", "object-src 'self'"),
        ("; base-uri 'none'", ""),
    ] {
        assert!(!faults(&good.replace(from, to)).is_empty(), "{to}");
    }
}

#[test]
fn window_and_browser_run_no_script_but_ours_and_speak_to_nobody_else() {
    let shell = shell();
    let window = shell["app"]["security"]["csp"].as_str().expect("a policy");
    let guard = text_of(
        "src-tauri/crates/millrace-http/src/server",
        "guard.rs",
        &[".rs"],
    );
    let browser = guard
        .split_once("const CSP: &str = \"")
        .and_then(|(_, rest)| rest.split_once("\";"))
        .map(|(csp, _)| csp.replace("\\\n", " "))
        .expect("a policy");
    let told = |who: &str, csp: &str| -> Vec<String> {
        faults(csp)
            .into_iter()
            .map(|fault| format!("{who}: {fault}"))
            .collect()
    };
    none(&[told("window", window), told("browser", &browser)].concat());
    assert_eq!(sources(&browser, "connect-src"), ["'self'"]);
    assert_eq!(
        sources(window, "connect-src"),
        ["ipc:", "http://ipc.localhost"]
    );
    assert_eq!(shell["app"]["security"]["freezePrototype"], true);
    assert_eq!(shell["app"]["withGlobalTauri"], false);
    assert_eq!(
        shell["app"]["security"]["dangerousDisableAssetCspModification"],
        serde_json::json!(["style-src"])
    );
}

#[test]
fn the_window_may_call_one_command_of_the_shell() {
    let build = text_of("src-tauri", "build.rs", &[".rs"]);
    assert!(build.contains(".commands(&[\"rpc\"])"), "{build}");
    let capability: Value =
        serde_json::from_str(&text_of("src-tauri/capabilities", "main.json", &[".json"]))
            .expect("a capability is JSON");
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert_eq!(capability["permissions"], serde_json::json!(["allow-rpc"]));
    assert!(capability.get("remote").is_none(), "no page from elsewhere");
}

#[test]
fn nothing_makes_elements_out_of_texts() {
    let complaints: Vec<String> = files("ui/src", &[".ts", ".svelte", ".js"])
        .iter()
        .filter(|file| !file.path.starts_with("ui/src/paraglide/"))
        .flat_map(|file| {
            file.lines_with(&[
                "{@html",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "new Function",
                "eval(",
                "createContextualFragment",
                "DOMParser",
            ])
        })
        .map(|place| format!("{place}: texts are shown as texts"))
        .collect();
    none(&complaints);
}
