"""Which step of a unit is to run, and why: pure functions of facts; nothing here reads a file or acts."""

from waves.lifecycle.chains import approved_cycle, asks_for, corrections, landing_rounds, predecessors, route
from waves.lifecycle.facts import CYCLE_KINDS, Facts, Step, unit_parts
from waves.lifecycle.staleness import inputs
from waves.lifecycle.walk import DONE, HELD, NOT_DONE, NOT_NEEDED, RUN, WAITS, Verdict, survey

__all__ = [
    "CYCLE_KINDS", "DONE", "HELD", "NOT_DONE", "NOT_NEEDED", "RUN", "WAITS", "Facts", "Step", "Verdict",
    "approved_cycle", "asks_for", "corrections", "inputs", "landing_rounds", "predecessors", "route", "survey",
    "unit_parts",
]  # fmt: skip
