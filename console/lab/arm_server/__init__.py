"""An ARM-compatible HTTPS service on loopback over the world."""
