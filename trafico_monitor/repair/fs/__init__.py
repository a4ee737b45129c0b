"""File operations confined to the two allowed directories."""
