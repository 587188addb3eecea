"""Cards that a lock knows by their numbers: read at a machine, and stored in the lock."""
