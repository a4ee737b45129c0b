"""Code that runs inside the bot's process: this folder is put on PYTHONPATH (docs/reference/instrumentation.md)."""
