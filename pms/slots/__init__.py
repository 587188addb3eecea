"""What a lock stores: its slots ("lock users" on the wire), kept in step with what the lock itself says."""
