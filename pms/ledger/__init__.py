"""One history of what opens doors and what doors noted, and the checks that a manager makes with it."""
