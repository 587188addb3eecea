"""Copies of the database, made by the clock, and how to bring one back."""
