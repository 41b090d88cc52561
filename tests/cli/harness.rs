//! Runs the real binary in homes of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing here takes long; what does is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A home, and the file with its passphrase.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// A home that isn't there yet.
    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        Self { directory }
    }

    /// A home with a person's identity.
    pub(crate) fn person(name: &str) -> Self {
        let place = Self::empty();
        place.done(&["init", "--name", name, "--kdf-memory", "12"]);
        place
    }

    /// A home with a business's identity.
    pub(crate) fn business(name: &str) -> Self {
        let place = Self::empty();
        place.done(&["init", "--business", "--name", name, "--kdf-memory", "12"]);
        place
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn keystore(&self) -> Vec<u8> {
        std::fs::read(self.home().join("keystore")).unwrap()
    }

    /// The binary for this home, in an environment that has nothing else of the user's.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigillo"));
        command.args(arguments).current_dir(self.directory.path());
        command.env("SIGILLO_HOME", self.home()).env("SIGILLO_PASSPHRASE_FILE", self.file("passphrase"));
        command.env("HOME", self.file("user")).env_remove("XDG_DATA_HOME").env_remove("SIGILLO_LOG");
        command
            .env_remove("CREDENTIALS_DIRECTORY")
            .env_remove("MALLOC_MMAP_THRESHOLD_")
            .env_remove("SIGILLO_ALLOCATOR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        answer(&mut self.command(arguments), "")
    }

    /// Runs a command that must be done, and returns what it wrote.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
        answer.stdout
    }

    /// Runs a command that must be done with `--json`, and returns its only document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.done(&[arguments, &["--json"]].concat());
        document(&text)
    }

    pub(crate) fn address(&self) -> String {
        self.json(&["id"])["address"].as_str().unwrap().to_owned()
    }

    /// Starts the node, and waits until it says that it runs.
    pub(crate) fn start(&self, more: &[&str]) -> Running {
        self.start_with(&[&["--listen", "/ip4/127.0.0.1/tcp/0"], more].concat())
    }

    /// The same for a node that nobody can dial.
    pub(crate) fn start_hidden(&self, more: &[&str]) -> Running {
        std::fs::write(self.home().join("config.toml"), "[network]\nlisten = []\n").unwrap();
        self.start_with(more)
    }

    /// The same with variables of its environment.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    pub(crate) fn start_in(&self, environment: &[(&str, &str)]) -> Running {
        self.spawn(&["--listen", "/ip4/127.0.0.1/tcp/0"], environment)
    }

    fn start_with(&self, more: &[&str]) -> Running {
        self.spawn(more, &[])
    }

    fn spawn(&self, more: &[&str], environment: &[(&str, &str)]) -> Running {
        let arguments = [&["run", "--json", "--no-mdns"], more].concat();
        let mut command = self.command(&arguments);
        let mut child = command.envs(environment.iter().copied()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Running { child, said: document(&line), _stdout: stdout }
    }

    /// Asks again until it is done and the answer is as it should be.
    pub(crate) fn until(&self, arguments: &[&str], good: impl Fn(&Value) -> bool) -> Value {
        let begun = now();
        loop {
            let answer = self.run(&[arguments, &["--json"]].concat());
            let said = document(&answer.stdout);
            if answer.code == 0 && good(&said) {
                return said;
            }
            assert!(begun.elapsed() < PATIENCE, "{arguments:?} still answers {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A node that runs until it is stopped; killed where a test fails.
pub(crate) struct Running {
    child: Child,
    /// Its first line.
    pub(crate) said: Value,
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Where others can dial it.
    pub(crate) fn listen(&self) -> String {
        self.said["listen"][0].as_str().unwrap().to_owned()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already where the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command with this on stdin.
pub(crate) fn answer(command: &mut Command, stdin: &str) -> Answer {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // Broken where the command doesn't read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The one JSON document that a text is, on one line.
pub(crate) fn document(text: &str) -> Value {
    let line = text.strip_suffix('\n').unwrap_or(text);
    assert!(!line.contains('\n'), "more than one line: {text}");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[expect(clippy::disallowed_methods, reason = "a test may lose patience")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Two people, running, the second of whom has accepted the first one's invite.
pub(crate) struct Pair {
    pub(crate) ana: Place,
    pub(crate) bob: Place,
    pub(crate) _nodes: [Running; 2],
}

/// Makes them contacts.
pub(crate) fn contacts() -> Pair {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let nodes = [ana.start(&[]), bob.start(&[])];
    let invite = ana.done(&["invite"]);
    let added = bob.json(&["add", invite.trim()]);
    assert_eq!((&added["name"], &added["address"]), (&"Ana".into(), &ana.address().as_str().into()));
    Pair { ana, bob, _nodes: nodes }
}
