//! The README and the pages of `docs/`, done as they say.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

#[path = "common/pages.rs"]
mod pages;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::pages::{read, shell, split};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sigillo");
/// How often a look for what the other side does is tried, and the pause between.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);
/// The port that the README names, in whose place a free one is used.
const NAMED_PORT: &str = "udp/4001";

/// A person at two terminals, who types what the README says.
struct Reader {
    directory: tempfile::TempDir,
    port: u16,
    nodes: Vec<Child>,
    /// The bakery's address, once they know it.
    bakery: Option<String>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

impl Reader {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "a passphrase\n").unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        Self { directory, port, nodes: Vec::new(), bakery: None }
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env("SIGILLO_PASSPHRASE_FILE", "passphrase").env_remove("SIGILLO_HOME");
        command
    }

    fn json(&self, words: &[&str]) -> Value {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let output = self.command(&words).arg("--json").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Types one line, as it stands, but for what it leaves open.
    fn type_in(&mut self, line: &str) {
        let mut words = split(line);
        assert_eq!(words.remove(0), "sigillo", "{line}");
        let in_background = words.last().is_some_and(|word| word == "&");
        if in_background {
            words.pop();
        }
        self.fill_in(&mut words);
        if in_background {
            let log = std::fs::File::create(self.directory.path().join(format!("log{}", self.nodes.len())))
                .unwrap();
            let command = &mut self.command(&words);
            self.nodes.push(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
            return self.wait_until_it_answers(&words);
        }
        for attempt in 1.. {
            let output = self.command(&words).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            // What takes its way over the network is looked for again, as a person would.
            let expected = self.expected(&words);
            if output.status.success() && expected.as_ref().is_none_or(|expected| said.contains(expected)) {
                return;
            }
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(expected.is_some() && attempt < ATTEMPTS, "{line}\n{said}\n{error}");
            std::thread::sleep(PAUSE);
        }
    }

    /// A person looks at the other terminal, too: the next line is typed once the node says there that it runs.
    fn wait_until_it_answers(&self, words: &[String]) {
        let home = words.iter().position(|word| word == "--home").map(|at| &words[at + 1]).unwrap();
        let socket = self.directory.path().join(home).join("api.sock");
        for _ in 0..ATTEMPTS {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("{words:?} doesn't answer");
    }

    /// What a line must show that depends on the other side.
    fn expected(&mut self, words: &[String]) -> Option<String> {
        let says = |word: &str| words.iter().any(|one| one == word);
        let shown = match () {
            // Pages are tried side by side, and nodes of one network find each other (mDNS): there may be other bakeries.
            () if says("find") => return Some(self.bakerys_own()),
            () if says("history") => "Still warm?",
            () if says("inbox") => "daily",
            () if says("invoice") && says("list") => "19.90",
            () if says("receipt") && says("list") => "19.90",
            () => return None,
        };
        Some(shown.to_owned())
    }

    /// Puts the addresses, keys and the port in that the README can't know.
    fn fill_in(&mut self, words: &mut [String]) {
        let port = format!("udp/{}", self.port);
        for index in 0..words.len() {
            let word = words[index].replace(NAMED_PORT, &port);
            words[index] = match word.as_str() {
                "sig1…" => self.address_for(words),
                "KEY" => {
                    self.json(&["--home", "bakery", "invoice", "list"])[0]["key"].as_str().unwrap().to_owned()
                }
                "ID" => {
                    self.json(&["--home", "ana", "receipt", "list"])[0]["id"].as_str().unwrap().to_owned()
                }
                "RECEIPT" => {
                    self.json(&["--home", "bakery", "receipt", "list"])[0]["id"].as_str().unwrap().to_owned()
                }
                "INVOICE" => {
                    self.json(&["--home", "ana", "invoice", "list"])[0]["key"].as_str().unwrap().to_owned()
                }
                "NOTE" => {
                    let receipts = self.json(&["--home", "bakery", "receipt", "list"]);
                    receipts[0]["credit_notes"][0]["id"].as_str().unwrap().to_owned()
                }
                "CHANGE" => self.announced(),
                "MESSAGE" => {
                    let history = ["--home", &words[1], "history", &words[3], "--limit", "1"];
                    self.json(&history)["entries"][0]["id"].as_str().unwrap().to_owned()
                }
                _ => word,
            };
        }
    }

    /// Asks until the answer has what is looked for.
    fn in_time(&self, words: &[&str], look: impl Fn(&Value) -> Option<String>) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        for _ in 0..ATTEMPTS {
            let output = self.command(&words).arg("--json").output().unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if let Some(found) = look(&said) {
                return found;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("waited in vain for {words:?}");
    }

    /// Keeps the file that a page shows in TOML.
    fn keep(&self, name: &str, page: &str) {
        let file = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
        std::fs::write(self.directory.path().join(name), file).unwrap();
    }

    /// What the bakery said to Ana, as soon as it is so much.
    fn answers_to_ana(&self, count: usize) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..ATTEMPTS {
            let history = self.json(&["--home", "ana", "history", "Bakery"]);
            let entries = history["entries"].as_array().unwrap();
            let theirs =
                entries.iter().filter(|entry| entry["direction"] == "in" && entry["text"].is_string());
            said = theirs.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect();
            if said.len() >= count {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        said
    }

    /// The price change that came to Ana.
    fn announced(&self) -> String {
        for _ in 0..ATTEMPTS {
            let subscriptions = self.json(&["--home", "ana", "subscribe"]);
            if let Some(id) = subscriptions[0]["announced"][0]["id"].as_str() {
                return id.to_owned();
            }
            std::thread::sleep(PAUSE);
        }
        panic!("no price change came");
    }

    /// The customer's address for the bakery, and the bakery's for everybody else.
    fn address_for(&mut self, words: &[String]) -> String {
        let speaks = |word: &String| ["send", "edit", "history", "desk", "contacts"].contains(&word.as_str());
        if words.get(1).is_some_and(|home| home == "bakery") && words.iter().any(speaks) {
            let inbox = self.command(&["--home", "bakery", "inbox"].map(str::to_owned)).output().unwrap();
            let inbox = String::from_utf8(inbox.stdout).unwrap();
            return inbox.split_whitespace().find(|word| word.starts_with("sig1")).unwrap().to_owned();
        }
        self.bakerys_own()
    }

    fn bakerys_own(&mut self) -> String {
        if self.bakery.is_none() {
            let id = self.json(&["--home", "bakery", "id"]);
            self.bakery = Some(id["address"].as_str().unwrap().to_owned());
        }
        self.bakery.clone().unwrap()
    }
}

#[test]
fn what_the_readme_does_by_hand_works_as_it_stands() {
    let readme = read("README.md");
    let mut lines = shell(&readme, "\n## By hand\n", "\n## ").into_iter();
    assert!(lines.next().unwrap().starts_with("cargo build --release && export PATH="));
    assert!(lines.next().unwrap().contains("export SIGILLO_PASSPHRASE_FILE=passphrase"));
    let mut reader = Reader::new();
    let mut count = 0;
    for line in lines {
        reader.type_in(line);
        count += 1;
    }
    assert!(count > 15);
    assert!(reader.directory.path().join("receipt.json").exists());
}

#[test]
fn what_the_page_on_consent_does_works_as_it_stands() {
    let page = read("docs/consent.md");
    let mut reader = Reader::new();
    let lines = shell(&page, "\n## Try it\n", "\n## The rules\n");
    assert!(lines.len() > 20);
    lines.into_iter().for_each(|line| reader.type_in(line));
    let log = reader.json(&["--home", "ana", "consent", "log"]);
    assert_eq!(log.as_array().map(Vec::len), Some(0), "nothing was dropped: {log}");
    let verify = ["consent", "verify", "report.json"].map(str::to_owned);
    let said = reader.command(&verify).output().unwrap();
    assert!(String::from_utf8(said.stdout).unwrap().contains("Cake, every day."));
}

#[test]
fn what_the_page_on_a_contacts_data_does_works_as_it_stands() {
    let mut reader = Reader::new();
    let port = reader.port;
    let tcp = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    for line in [
        "sigillo --home bakery init --name Bakery",
        "sigillo --home ana init --name ana",
        &format!("sigillo --home bakery run --no-mdns --listen {tcp} &"),
        "sigillo --home ana run --no-mdns --listen /ip4/127.0.0.1/tcp/0 &",
    ] {
        reader.type_in(line);
    }
    let invite =
        reader.json(&["--home", "bakery", "invite", "--no-qr"])["invite"].as_str().unwrap().to_owned();
    reader.type_in(&format!("sigillo --home ana add {invite} --name Bakery"));
    reader.type_in("sigillo --home ana send Bakery \"Still warm?\" --wait");
    reader.type_in("sigillo --home bakery send ana \"Of course.\" --wait");
    let page = read("docs/personal-data.md");
    let page = format!("{page}\n## end\n");
    let lines = shell(&page, "# A contact's data", "\n## end\n");
    assert_eq!(lines.len(), 2);
    reader.type_in(lines[0]);
    let text = std::fs::read_to_string(reader.directory.path().join("ana.json")).unwrap();
    let data: Value = serde_json::from_str(&text).unwrap();
    let said: Vec<&str> =
        data["entries"].as_array().unwrap().iter().filter_map(|one| one["text"].as_str()).collect();
    assert_eq!(said, ["Still warm?", "Of course."]);
    assert_eq!((&data["format"], &data["contact"]["name"]), (&"sigillo-contact/1".into(), &"ana".into()));
    let shown = reader.command(&["--home", "bakery", "export", "ana"].map(str::to_owned)).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&shown.stdout).unwrap()["entries"], data["entries"]);
    reader.type_in(lines[1]);
    assert_eq!(reader.json(&["--home", "bakery", "contacts"]), Value::Array(Vec::new()));
    let inbox = reader.json(&["--home", "bakery", "inbox"]);
    assert_eq!(inbox["conversations"], Value::Array(Vec::new()));
    let gone = reader.json(&["--home", "bakery", "erase", "ana", "--yes"]);
    assert_eq!(gone["error"]["code"], "unknown_contact", "{gone}");
}

#[test]
fn what_the_page_on_backups_does_works_as_it_stands() {
    let page = read("docs/backup.md");
    let mut reader = Reader::new();
    let (make, back) = page.split_once("\n## Bring it back\n").unwrap();
    let (make, back) = (format!("{make}\n## end\n"), format!("# x\n{back}\n## end\n"));
    let lines = shell(&make, "# Backups", "\n## end\n");
    assert!(lines.len() >= 4);
    lines.into_iter().for_each(|line| reader.type_in(line));
    let shop = reader.json(&["--home", "shop", "id"]);
    let again = ["--home", "shop", "backup", "create", "monday.sigillo"].map(str::to_owned);
    assert!(!reader.command(&again).output().unwrap().status.success(), "a backup isn't replaced");
    // The old home never runs again.
    let mut node = reader.nodes.pop().unwrap();
    node.kill().unwrap();
    node.wait().unwrap();
    let mut lines = shell(&back, "# x", "\n## end\n").into_iter();
    reader.type_in(lines.next().unwrap());
    reader.type_in("sigillo --home shop2 run --no-mdns --listen /ip4/127.0.0.1/tcp/0 &");
    lines.for_each(|line| reader.type_in(line));
    let copy = reader.json(&["--home", "shop2", "id"]);
    assert_eq!(
        (&shop["address"], &shop["name"], &shop["kind"]),
        (&copy["address"], &copy["name"], &copy["kind"])
    );
    let ready = ["--home", "shop2", "ready"].map(str::to_owned);
    assert!(reader.command(&ready).output().unwrap().status.success());
    let refused = reader.json(&["--home", "shop2", "profile", "publish"]);
    assert_eq!(refused["error"]["code"], "unreconciled", "{refused}");
    let twice = ["--home", "shop2", "backup", "restore", "monday.sigillo"].map(str::to_owned);
    assert!(!reader.command(&twice).output().unwrap().status.success(), "an identity isn't replaced");
    let not = ["--home", "shop", "ready"].map(str::to_owned);
    assert!(!reader.command(&not).output().unwrap().status.success());
}

#[test]
fn what_the_page_on_files_does_works_as_it_stands() {
    let page = read("docs/files.md");
    let mut reader = Reader::new();
    let sent: Vec<u8> = (0..300_000u32).map(|at| (at * 31 % 251) as u8).collect();
    std::fs::write(reader.directory.path().join("menu.pdf"), &sent).unwrap();
    let lines = shell(&page, "\n## Try it\n", "\n## When a file comes\n");
    let (mut link, mut count) = (String::new(), 0);
    for line in lines {
        count += 1;
        if line.ends_with(" invite") {
            // Until the node answers and knows its addresses.
            link = reader
                .in_time(&["--home", "ana", "invite"], |said| said["invite"].as_str().map(str::to_owned));
            continue;
        }
        if line.contains(" send ") {
            reader
                .in_time(&["--home", "ana", "contacts"], |said| said[0]["name"].as_str().map(str::to_owned));
        }
        let file = if line.contains("FILE") {
            reader.in_time(&["--home", "bento", "file", "list"], |said| {
                said[0]["id"].as_str().map(str::to_owned)
            })
        } else {
            String::new()
        };
        reader.type_in(&line.replace("LINK", &link).replace("FILE", &file));
    }
    assert_eq!(count, 11);
    assert!(std::fs::read(reader.directory.path().join("came.pdf")).unwrap() == sent);
    let listed = reader.json(&["--home", "bento", "file", "list"]);
    assert_eq!(listed[0]["state"], "forgotten");
}

#[test]
fn what_the_page_on_messages_does_works_as_it_stands() {
    let page = read("docs/messages.md");
    let mut reader = Reader::new();
    let menu = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    std::fs::write(reader.directory.path().join("menu.toml"), menu).unwrap();
    let lines = shell(&page, "\n## Try it\n", "\n## What is shown\n");
    assert!(lines.len() > 18);
    lines.into_iter().for_each(|line| reader.type_in(line));
    let history = reader.json(&["--home", "ana", "history", "bakery"]);
    let entries = history["entries"].as_array().unwrap();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "text", "text", "location", "deleted", "menu", "choice"]);
    assert_eq!((&entries[1]["text"], &entries[6]["text"]), (&"Yes!".into(), &"Rye".into()));
    assert_eq!(entries[2]["reply_to"]["text"], "Yes!");
}

#[test]
fn what_the_page_on_the_front_desk_does_works_as_it_stands() {
    let page = read("docs/front-desk.md");
    let mut reader = Reader::new();
    reader.keep("loaf_ready.toml", &page);
    let lines = shell(&page, "\n## Try it\n", "\n## Conversations\n");
    assert!(lines.len() > 25);
    lines.into_iter().for_each(|line| reader.type_in(line));
    let case = &reader.json(&["--home", "bakery", "desk", "list"])["conversations"][0];
    assert_eq!((&case["status"], &case["assigned"]), (&"done".into(), &"Bia".into()), "{case}");
    assert_eq!((&case["labels"], &case["notes"]), (&serde_json::json!(["bread"]), &1.into()), "{case}");
    let history = reader.json(&["--home", "ana", "history", "Bakery"]);
    let last = history["entries"].as_array().unwrap().last().unwrap();
    let rendered = "Padaria\n\nSeu pão de centeio está pronto. Custa BRL 19.90, e guardamos até 2027-01-31.\n\nObrigado!";
    assert_eq!(last["text"], rendered);
    let reception = reader.json(&["--home", "bakery", "desk", "reception"]);
    assert_eq!(reception["hours"], "Mo-Sa 06:00-19:00", "of the profile");
}

#[test]
fn what_the_page_on_selling_does_works_as_it_stands() {
    let page = read("docs/selling.md");
    let mut reader = Reader::new();
    let picture = std::fs::File::create(reader.directory.path().join("rye.png")).unwrap();
    png::Encoder::new(picture, 8, 1).write_header().unwrap().write_image_data(&[0x55; 8]).unwrap();
    let ordered = |said: &Value| {
        let is_order = |entry: &&Value| entry["kind"] == "order" && entry["as_sold"] == false;
        said["entries"].as_array()?.iter().find(is_order)?["id"].as_str().map(str::to_owned)
    };
    for line in shell(&page, "\n## Try it\n", "\n## What goes along\n") {
        let order = line.contains("INCOMING");
        let order = order.then(|| reader.in_time(&["--home", "bakery", "history", "Ana"], ordered));
        reader.type_in(&line.replace("INCOMING", &order.unwrap_or_default()));
    }
    let last = &reader.json(&["--home", "ana", "history", "bakery", "--limit", "1"])["entries"][0];
    assert_eq!(last["status"], "shipped");
}

#[test]
fn what_the_page_on_forms_does_works_as_it_stands() {
    let page = read("docs/forms.md");
    let mut reader = Reader::new();
    reader.keep("table.toml", &page);
    let answered = |said: &Value| {
        let is_answer = |entry: &&Value| entry["kind"] == "form_answer";
        let answer = said["entries"].as_array()?.iter().find(is_answer)?;
        Some(format!("{} {}", answer["fits"], answer["token"]))
    };
    let lines = shell(&page, "\n## Try it\n", "\n## What can be asked\n");
    assert!(lines.len() > 20);
    for line in lines {
        if line.contains("desk list") {
            let answer = reader.in_time(&["--home", "bakery", "history", "Ana"], answered);
            assert_eq!(answer, "true \"visit-7\"");
        }
        reader.type_in(line);
    }
    let cases = reader.json(&["--home", "bakery", "desk", "list", "--label", "form"]);
    assert_eq!(cases["conversations"][0]["name"], "Ana");
}

#[test]
fn what_the_page_on_bots_does_works_as_it_stands() {
    let page = read("docs/bots.md");
    let mut reader = Reader::new();
    reader.keep("bot.toml", &page);
    let lines = shell(&page, "\n## A bot in a file\n", "\n## A program over the API\n");
    assert!(lines.len() > 15);
    lines.into_iter().for_each(|line| reader.type_in(line));
    let answers = reader.answers_to_ana(4);
    let beginnings = ["Good morning!", "Which one?", "Every day", "Somebody will"];
    let as_said = answers.iter().zip(beginnings).all(|(answer, beginning)| answer.starts_with(beginning));
    assert!(answers.len() == 4 && as_said, "{answers:?}");
    let history = reader.json(&["--home", "ana", "history", "Bakery"]);
    let menu = history["entries"].as_array().unwrap().iter().find(|entry| entry["kind"] == "menu").unwrap();
    let titles: Vec<&str> =
        menu["buttons"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Opening hours", "Bread", "Talk to somebody"]);
}

#[test]
fn the_bot_in_python_on_the_page_answers_and_misses_nothing_while_it_is_off() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("NOT CHECKED: there is no python3");
        return;
    }
    let page = read("docs/bots.md");
    let program = page.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    let mut reader = Reader::new();
    std::fs::write(reader.directory.path().join("bot.py"), program).unwrap();
    let lines = shell(&page, "\n## A bot in a file\n", "\n## A program over the API\n");
    let api = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for line in lines.iter().filter(|line| !line.contains(" bot ") && !line.contains(" desk ")) {
        if line.contains("Good morning") {
            break;
        }
        let runs = line.contains("--home bakery run");
        let line = if runs { line.replace(" &", &format!(" --api {api} &")) } else { (*line).to_owned() };
        reader.type_in(&line);
    }
    let token =
        reader.json(&["--home", "bakery", "token", "create", "--scope", "read,send"])["token"].clone();
    let start = |reader: &mut Reader| {
        let mut python = Command::new("python3");
        python.arg("bot.py").current_dir(reader.directory.path()).stdin(Stdio::null());
        python.env("SIGILLO_API", format!("http://{api}")).env("SIGILLO_TOKEN", token.as_str().unwrap());
        let mut python = python.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(python.stdout.take().unwrap()), &mut said)
            .unwrap();
        assert_eq!(said, "listening\n");
        reader.nodes.push(python);
    };
    start(&mut reader);
    reader.type_in("sigillo --home ana send sig1… \"What are your hours?\" --wait");
    assert_eq!(reader.answers_to_ana(1), ["Ask me for hours or rye."], "a word with a mark is another one");
    let mut python = reader.nodes.pop().unwrap();
    // It says how far it is after the answer.
    for _ in (0..ATTEMPTS).take_while(|_| !reader.directory.path().join("bot.place").exists()) {
        std::thread::sleep(PAUSE);
    }
    python.kill().unwrap();
    python.wait().unwrap();
    reader.type_in("sigillo --home ana send sig1… \"your hours please\" --wait");
    reader.type_in("sigillo --home ana send sig1… rye --wait");
    start(&mut reader);
    let answers = reader.answers_to_ana(3);
    assert_eq!(answers[1..], ["We are open from 6 to 19.", "Rye is out on Fridays."]);
}

#[test]
fn what_the_page_on_the_laboratory_does_works_as_it_stands() {
    let page = read("docs/lab.md");
    let directory = tempfile::Builder::new().prefix("sd-").tempdir().unwrap();
    let shop = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    std::fs::write(directory.path().join("shop.toml"), shop).unwrap();
    let run = |words: &[String]| {
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(directory.path()).stdin(Stdio::null());
        let output = command.env("TMPDIR", directory.path()).output().unwrap();
        assert!(output.status.success(), "{words:?}\n{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let mut count = 0;
    for line in blocks.flat_map(str::lines) {
        let mut words = split(line);
        assert_eq!(words.remove(0), "sigillo", "{line}");
        let into = words.iter().position(|word| word == ">").map(|at| words.split_off(at).pop().unwrap());
        let said = run(&words);
        if let Some(into) = into {
            std::fs::write(directory.path().join(into), said).unwrap();
        }
        count += 1;
    }
    assert_eq!(count, 5);
    assert!(directory.path().join("report.html").exists());
    run(&["lab", "run", "shop.toml"].map(str::to_owned));
}

#[test]
fn what_the_page_on_a_business_node_does_works_as_it_stands() {
    let mut reader = Reader::new();
    let page = read("docs/business-node.md");
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let mut phrase = String::new();
    for line in blocks.flat_map(str::lines) {
        let mut words = split(line);
        assert_eq!(words.remove(0), "sigillo", "{line}");
        if words[0] == "status" {
            let run = ["--home", "home", "run", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0", "&"];
            reader.type_in(&format!("sigillo {}", run.join(" ")));
        }
        let mut command = reader.command(&words);
        let mut child =
            command.env("SIGILLO_HOME", "home").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), phrase.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{line}\n{said}");
        if words[0] == "init" {
            let indented = said.lines().filter(|line| line.starts_with("  "));
            phrase = indented.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
            assert_eq!(phrase.split(' ').count(), 24, "{said}");
        }
    }
    assert!(!phrase.is_empty());
}

#[test]
fn what_the_page_on_scale_does_first_works_as_it_stands() {
    let mut reader = Reader::new();
    let page = read("docs/scale.md");
    let line = *shell(&page, "# Scale", "\n## ").first().unwrap();
    assert!(line.contains("--report dht.html"), "{line}");
    reader.type_in(line);
    let report = std::fs::read_to_string(reader.directory.path().join("dht.html")).unwrap();
    assert!(report.contains("<svg "));
}

#[test]
fn what_the_page_on_charging_does_works_as_it_stands() {
    let page = format!("{}\n## end\n", read("docs/charging.md"));
    let mut reader = Reader::new();
    let mut count = 0;
    for line in shell(&page, "# Charging\n", "\n## end\n") {
        reader.type_in(line);
        count += 1;
    }
    assert!(count > 40, "{count}");
    for file in ["receipt.json", "receipt.jws", "receipt.html", "receipt.png", "shown.json", "pay.png"] {
        assert!(reader.directory.path().join(file).exists(), "{file}");
    }
}
