"""One incident per failure: open incidents, grouping, and decisions. Pure."""
