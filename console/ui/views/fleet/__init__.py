"""Views over a whole fleet: wall, table, tree, and the page that holds them."""
