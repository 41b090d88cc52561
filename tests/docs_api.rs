//! The page on the local API, done as it says, and held to the routes that there are.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sigillo");
/// The address that the page names, in whose place a free port is used.
const NAMED: &str = "127.0.0.1:7800";
/// How often it is tried to connect to a node that was just started, and the pause between.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

fn read(page: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}

fn page() -> String {
    read("docs/api.md")
}

/// Ends the node with the test.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody who types what the page says.
struct Reader {
    directory: tempfile::TempDir,
    at: String,
    token: String,
    node: Option<Node>,
}

impl Reader {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("sa-").tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "a passphrase\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { directory, at: format!("127.0.0.1:{port}"), token: String::new(), node: None }
    }

    fn type_in(&mut self, line: &str) {
        let line = line.replace(NAMED, &self.at);
        let words = split(&line.replace("$TOKEN", &self.token));
        match words[0].as_str() {
            "sigillo" if words.last().is_some_and(|word| word == "&") => {
                let mut command = self.command(&words[1..words.len() - 1]);
                self.node = Some(Node(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()));
                // The next line is typed when it runs.
                self.connect();
            }
            "sigillo" => {
                let output = self.command(&words[1..]).arg("--json").output().unwrap();
                assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
                let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                if let Some(token) = said["token"].as_str() {
                    token.clone_into(&mut self.token);
                }
            }
            // What `token create` showed.
            "export" => assert!(words[1].starts_with("TOKEN=sigillo_"), "{line}"),
            "curl" => self.curl(&words[1..]),
            other => panic!("nobody knows how to type {other}"),
        }
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env("SIGILLO_PASSPHRASE_FILE", "passphrase").env_remove("SIGILLO_HOME");
        command
    }

    fn connect(&self) -> TcpStream {
        for _ in 0..ATTEMPTS {
            if let Ok(stream) = TcpStream::connect(&self.at) {
                return stream;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("the node doesn't listen on {}", self.at)
    }

    /// What curl does with these words: a GET with headers, whose answer must be a success.
    fn curl(&self, words: &[String]) {
        let (mut headers, mut url) = (String::new(), None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-H" => headers.push_str(&format!("{}\r\n", words.next().unwrap())),
                "-N" => {}
                word if word.starts_with("http://") => url = Some(word.to_owned()),
                other => panic!("the test doesn't know curl's {other}"),
            }
        }
        let url = url.unwrap();
        let path = url.strip_prefix(&format!("http://{}", self.at)).unwrap();
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.at);
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{url}: {status}");
    }
}

/// The words of a line of shell.
fn split(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let mut words = Vec::new();
    for (part, text) in quoted {
        if part % 2 == 1 {
            words.push(text.to_owned());
        } else {
            words.extend(text.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn what_the_page_on_the_api_does_works_as_it_stands() {
    let page = page();
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let mut reader = Reader::new();
    let mut count = 0;
    for line in blocks.flat_map(str::lines) {
        reader.type_in(line);
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn what_the_page_on_the_cloud_surface_does_works_as_it_stands() {
    let page = read("docs/cloud-api.md");
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let mut reader = Reader::new();
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    lines.iter().for_each(|line| reader.type_in(line));
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_configuration_that_the_page_shows_is_understood() {
    let page = page();
    let toml = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let config: sigillo::node::config::Config = toml::from_str(toml).unwrap();
    assert_eq!(config.api.listen.unwrap().to_string(), NAMED);
    // Everything but the address is as it is without a file.
    let listen = config.api.listen;
    assert_eq!(config.api, sigillo::node::config::Api { listen, ..Default::default() });
}

#[test]
fn the_page_names_every_route_with_its_scope() {
    let output = Command::new(PROGRAM).args(["api", "openapi"]).output().unwrap();
    let described: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut expected = Vec::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let scope =
                operation["x-sigillo-scope"].as_str().map_or("none".to_owned(), |scope| format!("`{scope}`"));
            let summary = operation["summary"].as_str().unwrap();
            expected.push(format!("| `{} {path}` | {scope} | {summary} |", method.to_uppercase()));
        }
    }
    expected.sort();
    let page = page();
    let table = page.split_once("## Routes").unwrap().1;
    let mut written: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    written.sort_unstable();
    assert_eq!(written, expected, "the table should be\n{}", expected.join("\n"));
}

#[test]
fn the_page_names_every_kind_of_event() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    let words = page.split_once("The kinds are those").unwrap().1.split_once("\n\n").unwrap().0;
    let named: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, sigillo::engine::event::KINDS);
}
