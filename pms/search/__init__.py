"""One field that finds whatever is named in it."""
