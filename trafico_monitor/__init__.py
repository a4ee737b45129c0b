"""trafico-monitor: detects, repairs, proves and reports failed video downloads."""

__version__ = "1.0.0"
