"""The hub: one view of all machines of a fleet."""
