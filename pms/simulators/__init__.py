"""Locks and machines made of software, for the demo and the tests. They share no state with the server."""
