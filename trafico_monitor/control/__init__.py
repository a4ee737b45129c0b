"""Requests of people to the running monitor: decisions (pure) and the processor that carries them out."""
