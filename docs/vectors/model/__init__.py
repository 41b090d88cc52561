"""A model of sigillo's identity, handshake and ratchet, written from docs/protocol.md."""
