"""What can be said about the lines of a text."""


def count(text):
    """How many lines a text has; a last line without a newline counts."""
    return len(text.splitlines())


def longest(text):
    """How many characters the longest line has."""
    return max((len(line) for line in text.splitlines()), default=0)
