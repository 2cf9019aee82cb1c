"""Connections: the first choice, profiles, their test, and signing in."""
