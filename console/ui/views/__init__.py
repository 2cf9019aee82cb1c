"""Painted and stock views."""
