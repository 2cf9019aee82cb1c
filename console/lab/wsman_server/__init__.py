"""A WS-Man/PSRP service on loopback over the world."""
