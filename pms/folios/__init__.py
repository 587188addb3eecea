"""What a stay costs, and what was paid."""
