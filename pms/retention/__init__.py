"""How long the house remembers its guests."""
