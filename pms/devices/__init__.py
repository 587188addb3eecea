"""Everything that opens a port. Knows no database and no web."""
