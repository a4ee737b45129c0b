"""Looks at what downloads need: disk, Bot API server, container, the bot's unit."""
