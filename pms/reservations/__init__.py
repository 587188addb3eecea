"""Promises made to guests."""
