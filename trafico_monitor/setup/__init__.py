"""`trafico-monitor setup`: from a project folder to a monitored bot, step by step, and back.

look (effects) → Facts → plan (pure) → Changes → carry_out (effects). Each change is recorded in the ledger before it
is made, so that `--undo` reverts exactly these changes. Independent of the stages: it prepares the machine and shares
nothing with a running monitor.
"""
