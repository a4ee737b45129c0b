"""`make demo`: the real monitor beside a stand-in bot and server, and the download broken in all six ways."""
