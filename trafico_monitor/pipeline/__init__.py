"""The order of the stages in memory: entry → finding → incident → task → result → verdict → events, notifications."""
