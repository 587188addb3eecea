"""The people who stay."""
