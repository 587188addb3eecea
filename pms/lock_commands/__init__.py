"""What the server wants of locks: an outbox of sealed frames, brought to each lock in order by whoever is near it."""
