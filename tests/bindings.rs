//! The UI's types come from the command table. This test compares the committed file with what the
//! table says now and refreshes it: it fails once, then passes.

use std::path::Path;

#[test]
fn the_uis_types_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings/index.ts");
    let fresh = millrace_app::commands::table::bindings();
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != fresh {
        std::fs::write(&path, fresh).expect("the bindings can be written");
        panic!(
            "{} was stale and has been refreshed: look at the difference and commit it",
            path.display()
        );
    }
}
