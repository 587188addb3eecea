"""The bytes that server, locks and card-issuing machines agree on (docs/protocol.md). Pure: no clock, no I/O."""
