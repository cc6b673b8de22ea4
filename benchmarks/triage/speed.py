"""Time for triage of 30 issues in a repository of 5,000 files with a history, made for it.

python -m benchmarks.triage.speed [ISSUES] [FILES] [COMMITS]
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from waves import git, triage
from waves.forges import Issue

WORDS = """account address batch block branch buffer cache channel claim client column commit config context cursor
decision device digest document draft editor engine entry event export field filter folder form frame gateway group
handler header history import index input invoice issue item job label layout ledger limit line link list lock login
market matrix member menu message metric model module network node notice number object offer option order output
owner page parser patch payment person plan plugin policy port price printer process profile prompt proxy query queue
quota range reader record region release report request reserve result review role route rule sample schema scope
script search section server session setting share signal source stage state step storage stream table target task
template tenant thread ticket token topic trace tree trigger unit user value vendor version view voucher watch window
worker writer zone""".split()  # noqa: SIM905
LINES = 150  # of a file


def names(chance: random.Random, count: int) -> list[str]:
    """Paths of a package tree, each with a name of its own."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = chance.sample(WORDS, 4)
        found[f"src/{parts[0]}/{parts[1]}/{parts[2]}_{parts[3]}.py"] = None
    return list(found)


def symbol(path: str, number: int) -> str:
    return f"{Path(path).stem}_{WORDS[number % len(WORDS)]}"


def source(chance: random.Random, path: str, paths: Sequence[str]) -> str:
    """A file with a function every ten lines, which calls one of another file."""
    lines = []
    for number in range(LINES // 10):
        other = symbol(chance.choice(paths), chance.randrange(LINES // 10))
        lines += [f"def {symbol(path, number)}(value):", f'    """Give the {chance.choice(WORDS)} of a value."""']
        lines += [f"    {one} = value.{chance.choice(WORDS)}" for one in chance.sample(WORDS, 6)]
        lines += [f"    return {other}(value)", ""]
    return "\n".join(lines)


def fast_import(chance: random.Random, paths: Sequence[str], commits: int) -> Iterator[str]:
    """The history, as `git fast-import` reads it: all files first, then commits on three files each."""
    for number in range(commits):
        touched = paths if number == 0 else chance.sample(paths, 3)
        said = f"Change the {' '.join(chance.sample(WORDS, 6))} of {Path(touched[0]).stem}"
        yield f"commit refs/heads/main\ncommitter bench <bench@example.org> {1_700_000_000 + number} +0000\n"
        yield f"data {len(said)}\n{said}\n"
        for path in touched:
            text = source(chance, path, paths)
            yield f"M 100644 inline {path}\ndata {len(text)}\n{text}\n"


def issues(chance: random.Random, paths: Sequence[str], count: int) -> Iterator[Issue]:
    for number in range(1, count + 1):
        named = chance.sample(paths, 3)
        body = "\n".join([
            f"`{symbol(named[0], 3)}()` gives the wrong {chance.choice(WORDS)} when {chance.choice(WORDS)} is empty.",
            f"See {named[1]} and everything in {Path(named[2]).parent}/**.",
            f"```\nValueError: no such {chance.choice(WORDS)} in {symbol(named[0], 5)}\n```",
            *(f"It takes the {' '.join(chance.sample(WORDS, 5))} and {symbol(named[2], one)}." for one in range(5)),
        ])  # fmt: skip
        yield Issue(number, f"Mend the {chance.choice(WORDS)} of {Path(named[0]).stem}", body, "open")


def main() -> None:
    given = [int(one) for one in sys.argv[1:]]
    count, files, commits = (*given, *(30, 5_000, 2_000)[len(given) :])
    chance = random.Random(1)
    paths = names(chance, files)
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        within = git.init(Path(folder) / "repository", bare=True)
        stream = "".join(fast_import(chance, paths, commits)).encode()
        subprocess.run(["git", "fast-import", "--quiet"], cwd=within.git_dir, input=stream, check=True)
        asked = list(issues(chance, paths, count))
        base = git.resolve(within, "refs/heads/main") or ""
        began = time.monotonic()
        found = triage.examine(within, base, asked)
        took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pairs = count * (count - 1) // 2
    print(f"{count} issues, {pairs} pairs, {files} files, {commits} commits: {took:.1f} s, {peak} MiB, "
          f"{len(found.findings)} findings")  # fmt: skip


if __name__ == "__main__":
    main()
