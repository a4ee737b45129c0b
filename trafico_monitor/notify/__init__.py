"""Notifications to the administrator: routing, rendering, delivery."""
