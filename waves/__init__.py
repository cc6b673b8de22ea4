"""Waves turns a reviewed plan of issues into merged pull requests; it never edits source and never judges a diff."""

__version__ = "0.1.0"
