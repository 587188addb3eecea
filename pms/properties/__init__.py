"""The house itself: name, zone, hours, site keys."""
