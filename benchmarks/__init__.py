"""Measurements of Waves, as ratios within one run; nothing here is a test and nothing is asserted."""
