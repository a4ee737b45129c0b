"""Rules: their text, what they decide, and how they are checked."""
