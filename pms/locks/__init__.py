"""Locks, doors, areas."""
