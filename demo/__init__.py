"""`make demo`: the real monitor with a stand-in bot and server; the download fails in six ways."""
