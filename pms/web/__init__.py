"""What every page or endpoint shares."""
