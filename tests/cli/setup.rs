//! Making identities, bringing them back, and homes that can't be used.

use crate::harness::{Place, answer, document, mode};

#[test]
fn an_identity_is_made_once_and_keeps_its_address() {
    let place = Place::empty();
    let made = place.json(&["init", "--kdf-memory", "12"]);
    let phrase = made["recovery_phrase"].as_str().unwrap();
    assert_eq!(phrase.split(' ').count(), 24);
    assert!(made["address"].as_str().unwrap().starts_with("sig1"));
    assert_eq!(made["kind"], "person");
    assert_eq!(place.address(), made["address"]);
    assert!(!place.done(&["id"]).contains(phrase.split(' ').next().unwrap()), "the phrase is shown once");

    let keystore = place.keystore();
    let again = place.run(&["init", "--json"]);
    assert_eq!((again.code, &document(&again.stdout)["error"]["code"]), (1, &"identity_exists".into()));
    assert_eq!(place.keystore(), keystore);
}

#[test]
fn the_24_words_bring_the_identity_back_in_another_home() {
    let made = Place::empty().json(&["init", "--kdf-memory", "12"]);
    let phrase = made["recovery_phrase"].as_str().unwrap();

    let from_stdin = Place::empty();
    let command = &mut from_stdin.command(&["restore", "--kdf-memory", "12", "--json"]);
    let restored = answer(command, &format!("{}\n", phrase.to_uppercase()));
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(document(&restored.stdout)["address"], made["address"]);
    assert_eq!(from_stdin.address(), made["address"]);

    let from_file = Place::empty();
    std::fs::write(from_file.file("words"), phrase.replace(' ', "\n")).unwrap();
    let restored = from_file.json(&["restore", "--phrase-file", "words", "--kdf-memory", "12", "--business"]);
    assert_eq!((&restored["address"], &restored["kind"]), (&made["address"], &"business".into()));
}

#[test]
fn words_that_are_no_phrase_make_nothing_and_are_not_repeated() {
    let place = Place::empty();
    let wrong = format!("{} zzzz", ["abandon"; 23].join(" "));
    let refused = answer(&mut place.command(&["restore"]), &wrong);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("word 24"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("zzzz") && !place.home().exists());
    assert_eq!(place.run(&["restore", "abandon"]).code, 2, "words on the command line are misuse");
}

#[test]
fn a_wrong_passphrase_is_told_and_nothing_is_touched() {
    let place = Place::person("Ana");
    let keystore = place.keystore();
    std::fs::write(place.file("passphrase"), "another").unwrap();
    for command in [&["id"][..], &["run"], &["send", "bob", "hi"]] {
        let refused = place.run(command);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains("passphrase is wrong"), "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    assert_eq!(place.keystore(), keystore);
}

#[test]
fn a_truncated_or_foreign_keystore_is_told_and_stays_as_it_is() {
    let place = Place::person("Ana");
    let whole = place.keystore();
    let foreign = b"-----BEGIN PRIVATE KEY-----".to_vec();
    for (bytes, words) in
        [(whole[..whole.len() - 9].to_vec(), "damaged or cut short"), (foreign, "not a sigillo keystore")]
    {
        std::fs::write(place.home().join("keystore"), &bytes).unwrap();
        let refused = place.run(&["id"]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        assert_eq!(place.keystore(), bytes);
        assert_eq!(place.run(&["init"]).code, 1, "nor is it overwritten");
        assert_eq!(place.keystore(), bytes);
    }
}

#[test]
fn a_home_without_an_identity_is_not_made_by_asking() {
    let place = Place::empty();
    for command in [&["id"][..], &["run"], &["inbox"], &["status"]] {
        let refused = place.run(command);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains("sigillo init"), "{}", refused.stderr);
    }
    assert!(!place.home().exists());
}

#[test]
fn a_passphrase_comes_from_a_systemd_credential_too() {
    let place = Place::person("Ana");
    std::fs::create_dir(place.file("credentials")).unwrap();
    std::fs::rename(place.file("passphrase"), place.file("credentials/sigillo.passphrase")).unwrap();
    let mut command = place.command(&["id"]);
    command.env_remove("SIGILLO_PASSPHRASE_FILE").env("CREDENTIALS_DIRECTORY", place.file("credentials"));
    assert_eq!(answer(&mut command, "").code, 0);

    let missing = place.run(&["id"]);
    assert_eq!(missing.code, 1, "a file that is named must be there");
    assert!(missing.stderr.contains("passphrase file"), "{}", missing.stderr);
}

#[test]
fn an_empty_passphrase_makes_no_identity() {
    let place = Place::empty();
    std::fs::write(place.file("passphrase"), "\n").unwrap();
    assert_eq!(place.run(&["init"]).code, 1);
    assert!(!place.home().exists());
}

#[test]
fn a_home_is_for_its_owner_only() {
    let place = Place::person("Ana");
    assert_eq!(mode(&place.home()), 0o700);
    assert_eq!(mode(&place.home().join("keystore")), 0o600);
    assert_eq!(mode(&place.home().join("database")), 0o700);
}

#[test]
fn exit_codes_tell_done_failed_and_misused_apart() {
    let place = Place::person("Ana");
    let code = |arguments: &[&str]| place.run(arguments).code;
    assert_eq!((code(&["--help"]), code(&["--version"]), code(&["contacts"])), (0, 0, 0));
    assert_eq!(
        (code(&["block", "nobody"]), code(&["invite"]), code(&["plan", "list", "--of", "nobody"])),
        (1, 1, 1)
    );
    assert_eq!((code(&[]), code(&["dance"]), code(&["send", "bob"]), code(&["--json"])), (2, 2, 2, 2));
    assert_eq!(code(&["history", "bob", "--limit", "0"]), 2);
    assert_eq!(code(&["init", "--kdf-memory", "1"]), 2, "too weak a keystore can't be asked for");
    assert_eq!(code(&["plan", "add", "pro", "19,90", "--currency", "BRL"]), 2);
    assert_eq!(code(&["add", "sig1qqqq"]), 2, "a mistyped address");
}

#[test]
fn with_json_there_is_one_document_on_stdout_and_nothing_else() {
    let place = Place::person("Ana");
    for command in [
        &["id"][..],
        &["status"],
        &["contacts"],
        &["inbox"],
        &["profile", "show"],
        &["plan", "list"],
        &["subscribe"],
        &["invoice", "list"],
        &["receipt", "list"],
    ] {
        let answer = place.run(&[command, &["--json", "-vvv"]].concat());
        assert_eq!(answer.code, 0, "{command:?}: {answer:?}");
        document(&answer.stdout);
    }
    for command in [&["history", "nobody"][..], &["invite"], &["find", "bread"], &["inbox", "--follow"]] {
        let answer = place.run(&[command, &["--json"]].concat());
        assert_eq!(answer.code, 1, "{command:?}");
        assert!(document(&answer.stdout)["error"]["message"].is_string());
        assert!(!answer.stderr.is_empty());
    }
}

#[test]
fn completions_need_no_home() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.done(&["completions", shell]).contains("subscribe"), "{shell}");
    }
    assert!(!place.home().exists());
}

#[test]
fn a_restored_business_says_nothing_until_it_knows_what_it_said_before() {
    let made = Place::empty().json(&["init", "--business", "--name", "Padaria", "--kdf-memory", "12"]);
    let restored = Place::empty();
    std::fs::write(restored.file("words"), made["recovery_phrase"].as_str().unwrap()).unwrap();
    restored.json(&["restore", "--business", "--phrase-file", "words", "--kdf-memory", "12"]);
    let _running = restored.start(&[]);
    restored.done(&["profile", "set", "--name", "Padaria"]);
    let refusal = |arguments: &[&str]| {
        let answer = restored.run(&[arguments, &["--json"]].concat());
        (answer.code, document(&answer.stdout)["error"]["code"].clone())
    };
    assert_eq!(refusal(&["profile", "publish"]), (1, "unreconciled".into()));
    assert_eq!(refusal(&["id", "reconcile"]), (1, "no_peers".into()), "there is nobody to ask");
    assert_eq!(refusal(&["profile", "publish"]), (1, "unreconciled".into()));
    restored.done(&["id", "reconcile", "--force"]);
    assert_ne!(refusal(&["profile", "publish"]), (1, "unreconciled".into()));
}
