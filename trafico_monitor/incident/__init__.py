"""One incident per failure: what is open, what belongs together, what is to be done. Pure."""
