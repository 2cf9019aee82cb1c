"""Item models for the few stock views."""
