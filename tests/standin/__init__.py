"""A small stand-in of the watched pipeline, for the demo and the tests only: Bot API server, bot, poster."""
