"""`trafico-monitor trial`: a supervised session in the terminal, the mission's recommended start.

The bot and the monitor run as units bound to the trial: if the trial started them, they stop when it ends, however it
ends.
"""
