"""Staff accounts, log-in, sessions, preferences."""
