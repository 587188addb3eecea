"""The description of the JSON API, for programs and for people."""
