"""MAY IT BE DONE, AND WHY NOT. One file a check."""
