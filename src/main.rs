//! The command line.

fn main() -> std::process::ExitCode {
    sigillo::ui::cli::entry::main()
}
