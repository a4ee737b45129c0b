"""What is kept: one SQLite database with one writer, and the logs that are written from it."""
