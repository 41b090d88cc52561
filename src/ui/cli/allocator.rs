//! What a process that lasts gives back of its memory.

/// Lets the allocator of glibc give back what was large, by beginning this process anew with the setting that says so; elsewhere,
/// or where the setting is there already, it does nothing.
///
/// By itself glibc maps what is larger than a bound, and raises the bound to what was freed, up to 32 MiB (mallopt(3),
/// `M_MMAP_THRESHOLD`). Opening the store reads segments of 4 MiB, so from then on tables of that size, of which a small node
/// touches little, lie where those segments were read, and are written with zeros: 6 MiB that stay for as long as the node
/// runs. A bound that is set isn't raised; and it can only be set before the first allocation, or by a call that Rust takes
/// to be unsafe.
pub(super) fn settle() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt as _;

        /// See mallopt(3).
        const SETTING: &str = "MALLOC_MMAP_THRESHOLD_";
        const BYTES: &str = "1048576";
        /// The system takes the setting out of the environment of a program with capabilities of its own; this stays.
        const BEGUN: &str = "SIGILLO_ALLOCATOR";

        let mut arguments = std::env::args_os();
        let (Some(name), Ok(program)) = (arguments.next(), std::env::current_exe()) else { return };
        // A loader that was named itself is another program.
        let is_ours = std::path::Path::new(&name).file_name() == program.file_name();
        if is_ours && [SETTING, BEGUN].into_iter().all(|variable| std::env::var_os(variable).is_none()) {
            // Comes back only where the program can't be begun again: it is replaced, or forbidden. Then it goes on as it is.
            let _ = std::process::Command::new(program)
                .arg0(name)
                .args(arguments)
                .env(SETTING, BYTES)
                .env(BEGUN, "set")
                .exec();
        }
    }
}
