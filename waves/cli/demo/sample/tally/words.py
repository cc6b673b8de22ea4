"""What can be said about the words of a text."""

import re

WORD = re.compile(r"\w+")


def split(text):
    """The words of a text, in lower case and in order."""
    return WORD.findall(text.lower())


def count(text):
    """How many words a text has."""
    return len(split(text))


def unique(text):
    """How many different words a text has."""
    return len(set(split(text)))


def average_length(text):
    """The mean number of letters of a word."""
    found = split(text)
    return sum(len(word) for word in found) / len(found)
