"""WHAT WOULD HAPPEN: plans of several moves, made from a snapshot without any I/O."""
