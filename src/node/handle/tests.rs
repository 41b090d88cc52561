//! How much may wait for a node's engine at once.

use futures::future::join_all;

use super::*;
use crate::crypto::password::Cost;
use crate::node::identity;

#[tokio::test]
async fn what_comes_from_elsewhere_waits_behind_so_many_commands_and_no_more() {
    const WRITERS: usize = 3_000;
    let place = tempfile::tempdir().unwrap();
    let home = Home::open(&place.path().join("home")).unwrap();
    let keystore =
        identity::create(&home, AccountKind::Person, None, b"a good passphrase", Cost::LEAST).unwrap();
    let node = Node::offline(home, keystore).await.unwrap();
    // What the node is told at its start comes first, and is no command.
    node.status().await.unwrap();
    let nobody = AccountId::new([1; 32]);
    let command = || node.command(Command::Rename { contact: nobody, name: "Nobody".into() });
    // All of them at once, and not so many in each turn of the runtime.
    let mut all = Box::pin(tokio::task::unconstrained(join_all((0..WRITERS).map(|_| command()))));
    let polled = futures::poll!(&mut all);
    let queued = limits::INPUT_QUEUE - node.shared.inputs.capacity();
    assert!(queued <= limits::COMMAND_QUEUE, "{queued} commands are before whatever comes now");
    assert!(polled.is_pending(), "the others wait before the queue");
    assert_eq!(all.await.len(), WRITERS, "each is answered");
    node.shutdown().await.unwrap();
}
