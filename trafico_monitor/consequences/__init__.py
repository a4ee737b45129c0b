"""What follows from each kind of finding, and from what became of an order; `pipeline.py` orders them. Pure."""
