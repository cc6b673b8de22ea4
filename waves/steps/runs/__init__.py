"""Agent runs: asking for one, guarding it, and taking in what it did."""
