"""The chart: rooms down, days across, every stay a bar that can be moved."""
