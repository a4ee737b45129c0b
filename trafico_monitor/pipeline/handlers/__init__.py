"""One handler per kind of finding, and one for task results. Pure."""
