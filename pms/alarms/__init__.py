"""What is wrong at doors, raised once, acknowledged by somebody by name, and told to whoever subscribed."""
