"""A lock that exists only in memory: the lock's side of docs/protocol.md, and nothing of the server."""

from .state import Answer, KeySet, LockState, LoggedRecord, StoredCredential
from .virtual import VirtualLock

__all__ = ["Answer", "KeySet", "LockState", "LoggedRecord", "StoredCredential", "VirtualLock"]
