//! Names the version that the program tells, and builds the crate anew when the front end was built
//! anew. Leaves out building the front end: the scripts do that.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MILLRACE_COMMIT");
    if std::env::var_os("CARGO_FEATURE_UI").is_some() {
        println!("cargo::rerun-if-changed=../../../ui/dist");
    }
    let version = env!("CARGO_PKG_VERSION");
    let version = match std::env::var("MILLRACE_COMMIT") {
        Ok(commit) if !commit.is_empty() => format!("{version} ({commit})"),
        Ok(_) | Err(_) => version.to_owned(),
    };
    println!("cargo::rustc-env=MILLRACE_VERSION={version}");
}
