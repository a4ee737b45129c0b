"""trafico-monitor: detects, repairs, proves and reports failed video downloads."""

__version__ = "0.1.0"
