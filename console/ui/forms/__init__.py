"""Input for a request that selection alone cannot fill."""
