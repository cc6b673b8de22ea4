"""Rows of the report, and how they are laid out."""

from tally import lines, words


def rows(text):
    """The rows that every report has, as (name, value)."""
    return [
        ("words", words.count(text)),
        ("lines", lines.count(text)),
        ("longest line", lines.longest(text)),
        ("average word length", round(words.average_length(text), 1)),
    ]


def layout(name, table):
    """One text's rows as aligned lines under its name."""
    width = max(len(label) for label, _ in table)
    return "\n".join([name, *(f"  {label:<{width}}  {value}" for label, value in table)])
