"""What the cluster remembers of figures, in a window: charts over an hour, a day, up to a year."""
