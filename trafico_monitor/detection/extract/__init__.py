"""What one line names: paths, downloads, beginnings."""
