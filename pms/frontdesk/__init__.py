"""Check-in, check-out and the day's lists: work that crosses features."""
