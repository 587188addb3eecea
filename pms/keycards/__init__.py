"""Offline key cards."""
