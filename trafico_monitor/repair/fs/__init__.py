"""File operations that never leave the two directories."""
