"""Reads the dated data files of resources/."""
