"""Counts the words and lines of texts."""

__version__ = "0.3.0"
