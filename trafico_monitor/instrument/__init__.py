"""What runs inside the bot's own process: this folder is put on PYTHONPATH (docs/reference/instrumentation.md)."""
