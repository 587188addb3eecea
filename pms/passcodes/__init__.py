"""Offline passcodes."""
