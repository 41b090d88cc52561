//! Writes the samples that fuzzing begins with to `fuzz/samples/TARGET/`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for (number, (target, bytes)) in sigillo_fuzz::samples::all().iter().enumerate() {
        let folder = root.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{number:03}")), bytes)?;
    }
    Ok(())
}
