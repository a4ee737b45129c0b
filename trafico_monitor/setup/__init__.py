"""`trafico-monitor setup`: from a project folder to a watched bot, step by step, and back again.

look (effects) → Facts → plan (pure) → Changes → carry_out (effects), each written to the ledger
before it is made, so that `--undo` takes back exactly what was done. Stage-free: it prepares the
machine for the monitor and shares nothing with a running one.
"""
