//! Identities under attack: logs, views, successors, numbers and links.
