"""VERBS. One file an operation, listed in ALL."""
