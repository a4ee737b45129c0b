"""The window: an HTTP server on a unix socket and on the loopback, with API, events and dashboard."""
