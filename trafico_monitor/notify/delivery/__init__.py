"""Delivery of notifications: one worker per channel, with its own outbox and pace."""
