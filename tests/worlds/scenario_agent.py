"""An agent of kind `command` for the tests of the whole loop: a shell script chosen by role, unit, cycle and attempt.

The folder named by LOOP_SCENARIO holds `scenario.json` (key to script, the most specific key wins), and gets one line
in `journal` for every start and every end, and every prompt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ["LOOP_SCENARIO"])


def note(word: str, name: str) -> None:
    handle = os.open(FOLDER / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{word} {name}\n".encode())
    os.close(handle)


def started(name: str) -> int:
    """How often an agent was started for the same thing before."""
    try:
        lines = (FOLDER / "journal").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return sum(line.rpartition(" ")[0] == f"start {name}" for line in lines)


def main() -> int:
    prompt = sys.stdin.buffer.read()
    # An implementer has no cycle.
    name = f"{os.environ['WAVES_ROLE']} {os.environ['WAVES_UNIT']} {os.environ['WAVES_CYCLE'] or '0'}"
    attempt = started(name) + 1
    name = f"{name} {attempt}"
    note("start", name)
    (FOLDER / f"{name.replace(' ', '-')}.prompt").write_bytes(prompt)
    scenario = json.loads((FOLDER / "scenario.json").read_bytes())
    words = name.split()
    script = next(scenario[key] for count in (4, 3, 2, 1) if (key := " ".join(words[:count])) in scenario)
    code = subprocess.run(["sh", "-ec", script], check=False, env=os.environ | {"ATTEMPT": str(attempt)}).returncode
    note("end", name)
    return code


if __name__ == "__main__":
    sys.exit(main())
