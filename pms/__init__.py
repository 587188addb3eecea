"""Latchkey: property management, and the server of the house's smart locks."""

__version__ = "0.1.0"
