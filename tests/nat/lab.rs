//! A small internet in network namespaces: a switch, two relays, and two homes behind routers with NAT.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a router does with ports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nat {
    /// The same port towards everybody.
    Cone,
    /// Another one towards each.
    Symmetric,
}

/// The namespaces; removed in the end, with all that is in them.
pub(crate) struct Lab {
    prefix: String,
}

const HOSTS: [(&str, &str); 5] = [
    ("r1", "198.51.100.10"),
    ("r2", "198.51.101.10"),
    ("ra", "198.51.100.21"),
    ("rb", "198.51.100.22"),
    ("rc", "198.51.100.23"),
];

static LABS: AtomicU32 = AtomicU32::new(0);

impl Lab {
    /// The lab with Anna's and Ben's routers of these kinds.
    pub(crate) fn new(anna: Nat, ben: Nat) -> Self {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let lab = Self { prefix: format!("sg{}-{number}", std::process::id()) };
        let made = Command::new("ip").args(["netns", "add", &lab.name("sw")]).output();
        let made = made.expect("`ip` is needed: apt-get install iproute2");
        assert!(
            made.status.success(),
            "network namespaces can't be made here (they need root and a kernel that lets it): {}",
            String::from_utf8_lossy(&made.stderr)
        );
        for host in ["r1", "r2", "ra", "rb", "rc", "na", "nb"] {
            run("ip", &["netns", "add", &lab.name(host)]);
        }
        lab.ip("sw", "link add name net0 type bridge");
        lab.ip("sw", "link set net0 up");
        for (host, address) in HOSTS {
            let far = lab.name(host);
            lab.ip("sw", &format!("link add p-{host} type veth peer name wan netns {far}"));
            lab.ip("sw", &format!("link set p-{host} master net0 up"));
            lab.ip(host, &format!("addr add {address}/16 dev wan"));
            lab.ip(host, "link set wan up");
            lab.ip(host, "link set lo up");
        }
        lab.attach("na", "ra", "10.1.0", anna);
        lab.attach("nb", "rb", "10.2.0", ben);
        lab
    }

    /// Puts a home behind a router of this kind.
    fn attach(&self, home: &str, router: &str, net: &str, kind: Nat) {
        let far = self.name(home);
        self.ip(router, &format!("link add lan type veth peer name eth0 netns {far}"));
        self.ip(router, &format!("addr add {net}.1/24 dev lan"));
        self.ip(router, "link set lan up");
        self.ip(home, &format!("addr add {net}.2/24 dev eth0"));
        self.ip(home, "link set eth0 up");
        self.ip(home, "link set lo up");
        self.ip(home, &format!("route add default via {net}.1"));
        self.enter(router, &["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"], "");
        self.enter(router, &["nft", "-f", "-"], &rules(kind));
    }

    /// Takes a home to another network, behind another router.
    pub(crate) fn move_away(&self, home: &str) {
        self.ip(home, "link del eth0");
        self.attach(home, "rc", "10.3.0", Nat::Cone);
    }

    /// Gives a home another address, as a router may, which keeps the former one's way for a while.
    pub(crate) fn readdress(&self, home: &str, from: &str, to: &str, router: &str) {
        self.ip(home, &format!("addr del {from}/24 dev eth0"));
        self.ip(home, &format!("addr add {to}/24 dev eth0"));
        self.ip(home, &format!("route replace default via {router}"));
    }

    /// A command that will run in a namespace.
    pub(crate) fn command(&self, host: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(host), program]);
        command
    }

    /// The address of a host of [`HOSTS`].
    pub(crate) fn address(host: &str) -> &'static str {
        HOSTS.iter().find(|(name, _)| *name == host).unwrap().1
    }

    fn name(&self, host: &str) -> String {
        format!("{}-{host}", self.prefix)
    }

    fn ip(&self, host: &str, words: &str) {
        let name = self.name(host);
        let arguments: Vec<&str> = ["-n", &name].into_iter().chain(words.split(' ')).collect();
        run("ip", &arguments);
    }

    fn enter(&self, host: &str, words: &[&str], input: &str) {
        let mut command = self.command(host, words[0]);
        let mut child = command.args(&words[1..]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{words:?} (nft: apt-get install nftables)");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in ["na", "nb", "ra", "rb", "rc", "r1", "r2", "sw"] {
            let _ = Command::new("ip").args(["netns", "del", &self.name(host)]).output();
        }
    }
}

/// A home router's: out is translated, in comes only what was asked for.
fn rules(kind: Nat) -> String {
    let masquerade = match kind {
        Nat::Cone => "masquerade",
        Nat::Symmetric => "masquerade fully-random",
    };
    format!(
        "table ip nat {{
            chain out {{
                type nat hook postrouting priority 100; policy accept;
                oifname \"wan\" {masquerade}
            }}
        }}
        table ip guard {{
            chain here {{
                type filter hook input priority 0; policy accept;
                iifname \"wan\" ct state established,related accept
                iifname \"wan\" drop
            }}
            chain through {{
                type filter hook forward priority 0; policy drop;
                iifname \"lan\" accept
                ct state established,related accept
            }}
        }}
        "
    )
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
