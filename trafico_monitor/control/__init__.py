"""What people may ask of the running monitor: protocol, decisions, processor."""
