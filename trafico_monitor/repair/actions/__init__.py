"""One module per kind of repair task."""
