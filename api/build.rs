//! Makes the folder that the web UI is embedded from, where it was not built: then the server says how to build it. Cargo looks into the
//! folder, so that a UI that was built anew is embedded anew.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    // Where that cannot be written to, the build says so itself: the folder must be there.
    let _ = std::fs::create_dir_all(&dist);
    println!("cargo:rerun-if-changed={}", dist.display());
}
