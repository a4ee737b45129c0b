"""Commands and buttons on the alert bot."""
