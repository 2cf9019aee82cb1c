"""Several open connections in one window: the tabs, what they tell, and what is remembered."""
