"""The root helper without root: words, ACLs, and what its answers mean."""
