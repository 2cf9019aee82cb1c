"""The simulated site: state, time, faults."""
