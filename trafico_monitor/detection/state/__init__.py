"""What the detector knows of each process and of the downloads under way."""
