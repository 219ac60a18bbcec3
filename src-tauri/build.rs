//! Compiles `tauri.conf.json` and the capabilities into the program. The shell has one command, so
//! the access list has one entry; everything else is refused before it reaches our code.

fn main() {
    let attributes = tauri_build::Attributes::new()
        .app_manifest(tauri_build::AppManifest::new().commands(&["rpc"]));
    if let Err(error) = tauri_build::try_build(attributes) {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
