"""Both wires of a real cluster joined into one Backend."""
