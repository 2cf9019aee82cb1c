"""Every figure with its limit and, where there is one, the machine's floor in the same run."""
