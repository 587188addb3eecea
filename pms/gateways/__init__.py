"""Gateways and cellular modules: how locks are reached from afar."""
