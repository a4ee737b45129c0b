"""Carries out one order. Every file is reached through `beneath`, every text through `paths`."""
