"""What the doors noted."""
