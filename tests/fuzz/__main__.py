"""Damaged input for every reader, for as long as one likes: python -m tests.fuzz --seconds N [READER ...].

With `atheris` installed (pip install atheris) what a reader has not done before leads the way; without it, chance does.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "worlds")]

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None:
    with atheris.instrument_imports(include=["waves", "strictyaml", "yaml", "jsonschema"]):
        from readers import READERS, Reader, damaged
else:
    from readers import READERS, Reader, damaged


def by_chance(reader: Reader, seconds: float, seed: int) -> int:
    """Read damaged input; an error that is not Waves' own is left to end the program."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = damaged(random.Random(f"{seed}/{count}"), random.Random(seed + count).choice(reader.good))
        try:
            reader.read(data)
        except BaseException:
            print(f"seed {seed}, number {count}: {data[:2000]!r}")
            raise
        count += 1
    return count


def by_coverage(name: str, reader: Reader, seconds: float, corpus: Path) -> None:
    """The same with atheris, which ends the program itself."""
    for number, data in enumerate(reader.good):
        (corpus / f"good-{number}").write_bytes(data)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        return atheris.Mutate(data, size) if chance.random() < 0.4 else damaged(chance, data)[:size]

    options = [f"-max_total_time={int(seconds)}", "-max_len=20000", f"-artifact_prefix={corpus.parent}/{name}-"]
    atheris.Setup([name, *options, str(corpus)], reader.read, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)}; default: all")
    parser.add_argument("--seconds", type=float, default=60, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="with one READER: let atheris lead, and keep what it found here")
    given = parser.parse_args()
    if given.corpus is not None and atheris is not None:
        (name,) = given.readers
        given.corpus.mkdir(parents=True, exist_ok=True)
        by_coverage(name, READERS[name], given.seconds, given.corpus)
    for name in given.readers or READERS:
        print(f"{name}: {by_chance(READERS[name], given.seconds, given.seed)} inputs", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
