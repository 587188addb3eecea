"""One file a kind of machine; each has a `DRIVER`. A new file here is a new kind, and nothing else need be told."""
