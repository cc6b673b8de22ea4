"""Reads texts, and explains why one could not be read."""

import sys


def explain(name, error):
    """One line for people about a text that could not be read."""
    if isinstance(error, FileNotFoundError):
        return f"{name}: there is no such flie"
    if isinstance(error, UnicodeDecodeError):
        return f"{name}: not a text in the expected encoding"
    return f"{name}: {error.strerror}"


def read(name):
    """The text of a file, or of standard input for `-`."""
    if name == "-":
        return sys.stdin.read()
    with open(name, encoding="utf-8") as file:
        return file.read()
