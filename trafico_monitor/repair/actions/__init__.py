"""One module for each kind of repair task."""
