"""QT, and nothing else knows Qt."""
