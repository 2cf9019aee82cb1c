"""The cluster as it was: time travel over the stored past, and what differs between two moments."""
