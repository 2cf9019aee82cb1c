"""One file a page whose content is more than a list of fields."""
