"""One module for each group of tables."""
