//! The scenarios that come with sigillo, embedded in the binary.

/// A scenario that comes with sigillo.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name on the command line, and of its file in `examples/scenarios/`.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        [$(Shipped { name: $name, text: include_str!(concat!("../../../examples/scenarios/", $name, ".toml")) }),*]
    };
}

/// All of them, in the order of their names.
pub const SHIPPED: [Shipped; 8] = shipped![
    "airline-delay",
    "bank-alert",
    "directory-churn",
    "mailbox-failover",
    "partition-and-heal",
    "relay-death",
    "subscription-renewal",
    "support-hand-over",
];

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}
