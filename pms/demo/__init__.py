"""The demo hotel and its world of simulated doors; never in production."""
