"""Errors that no rule knows: clustering, rate limit, rule suggestion."""
