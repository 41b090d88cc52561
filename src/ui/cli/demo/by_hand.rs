//! How to go on by hand when the homes are kept.

use std::path::Path;

use crate::ui::cli::demo::charging::Receipt;
use crate::ui::cli::demo::node::Node;
use crate::ui::cli::demo::stage::Stage;

/// Lines for a shell, in an order that works.
pub(super) fn commands(stage: &Stage, hub: &Node, shop: &Node, ana: &Node, receipt: &Receipt) -> Vec<String> {
    let binary = quoted(stage.binary());
    let at = |node: &Node| format!("{binary} --home {}", quoted(node.home()));
    let run = |node: &Node, number| {
        format!("{} run {} & node{number}=$!", at(node), node.run_arguments().join(" "))
    };
    vec![
        format!("export SIGILLO_PASSPHRASE_FILE={}", quoted(&stage.passphrase())),
        run(hub, 1),
        run(shop, 2),
        run(ana, 3),
        // Until they hold their homes: a request that comes sooner would open the home itself.
        "sleep 2".to_owned(),
        format!("{} status", at(shop)),
        format!("{} send {} 'Bom dia!' --wait", at(ana), shop.address),
        format!("{} inbox", at(shop)),
        format!("{} receipt list", at(ana)),
        format!("{binary} receipt verify {} --issuer {}", quoted(&receipt.file), shop.address),
        "kill $node1 $node2 $node3; wait".to_owned(),
        format!("rm -r {}", quoted(stage.directory())),
    ]
}

/// A path as one word of a shell (POSIX).
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/var/demo-a1/shop")), "/var/demo-a1/shop");
        assert_eq!(quoted(Path::new("/var/it's mine")), r"'/var/it'\''s mine'");
    }
}
