"""The command line."""

import argparse
import sys

from tally import reading, report, words


def parser():
    """All options, in the groups that `--help` shows."""
    made = argparse.ArgumentParser(prog="tally", description="Count the words and lines of txets.")
    add_reading_options(made.add_argument_group("reading"))
    add_counting_options(made.add_argument_group("counting"))
    add_output_options(made.add_argument_group("output"))
    return made


def add_reading_options(group):
    """What is read, and how."""
    group.add_argument("files", nargs="*", default=["-"], help="texts to read; - is standard input")


def add_counting_options(group):
    """What is counted."""
    group.add_argument("--unique", action="store_true", help="add a row with the number of different words")


def add_output_options(group):
    """How the result is shown."""
    group.add_argument("--quiet", action="store_true", help="show no report, only what went wrong")


def table(text, options):
    """The rows for one text: the report's own, and those that options ask for."""
    found = report.rows(text)
    if options.unique:
        found.append(("unique words", words.unique(text)))
    return found


def gather(options):
    """(name, rows) of each text that could be read, and the complaints about the others."""
    tables, complaints = [], []
    for name in options.files:
        try:
            text = reading.read(name)
        except (OSError, UnicodeDecodeError) as error:
            complaints.append(reading.explain(name, error))
        else:
            tables.append((name, table(text, options)))
    return tables, complaints


def render(tables, options):
    """What is printed for all texts together."""
    if options.quiet:
        return ""
    return "\n\n".join(report.layout(name, found) for name, found in tables)


def main(arguments=None):
    """Run the command; the exit code is 1 when a text could not be read."""
    options = parser().parse_args(arguments)
    tables, complaints = gather(options)
    shown = render(tables, options)
    if shown:
        print(shown)
    for complaint in complaints:
        print(f"tally: {complaint}", file=sys.stderr)
    return 1 if complaints else 0
