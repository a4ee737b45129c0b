"""`trafico-monitor trial`: a supervised session in the terminal, the mission's recommended start.

The bot and the monitor run as units, bound to the trial: whatever ends it, they end too, if it
was the trial that started them.
"""
