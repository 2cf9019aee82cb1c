"""WHY IS IT RED. Rules from observation to cause, no I/O."""
