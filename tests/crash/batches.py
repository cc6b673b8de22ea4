"""Batches made by chance from a seed, whose agents come to one and the same tree in whatever order; it runs none."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from loop_world import BLOCKING, World, write

# For the script of an agent: its own process, and the parent that watches it.
KILL_AGENT = 'kill -KILL "$PPID"\n'
KILL_PARENT = 'kill -KILL "$(cut -d" " -f4 "/proc/$PPID/stat")"\n'
# Everybody who adds to this file conflicts with whoever landed before, and keeps both.
SHARED = 'echo "by $WAVES_UNIT" >> app.txt; LC_ALL=C sort -u app.txt -o app.txt\n'
# An agent that goes on after a killed one finds its work there, committed or not.
COMMIT = 'git add --all; git diff --cached --quiet || git commit -qm "feat: $WAVES_UNIT in $WAVES_CYCLE"\n'
REBASE = """
git rebase --abort 2>/dev/null || true; git reset -q --hard
git rebase -q origin/main || {
  grep -v '^[<=>]\\{7\\}' app.txt | LC_ALL=C sort -u > kept.log; mv kept.log app.txt
  git add --all; git -c core.editor=true rebase --continue
}
"""


@dataclass
class Batch:
    """What the units of one batch do, and what that must come to."""

    units: list[str]
    shared: list[str] = field(default_factory=list)  # units that change app.txt
    corrected: list[str] = field(default_factory=list)  # units whose first review blocks
    numbers: dict[str, int] = field(default_factory=dict)  # of the file that a unit adds to the series
    killed: list[str] = field(default_factory=list)  # role, unit and cycle of runs that are killed at the first attempt
    lost: list[str] = field(default_factory=list)  # the same of runs that were lost with everything local

    @property
    def tree(self) -> dict[str, str]:
        """What main holds in the end."""
        files = {"app.txt": "\n".join(sorted([*(f"by {unit}" for unit in self.shared), "one"]))}
        files |= {f"{unit}.txt": unit for unit in self.units}
        files |= {f"{unit}-fixed.txt": "yes" for unit in self.corrected}
        return files | {f"docs/{number:03}-{unit}.md": unit for unit, number in self.numbers.items()}


def make(world: World, seed: int, least: int = 2, most: int = 12) -> Batch:
    """Write, commit and push the plan of one batch, and tell its agents what to do."""
    chance = random.Random(seed)
    units = [f"u{number}" for number in range(1, chance.randint(least, most) + 1)]
    batch = Batch(units, *([one for one in units if chance.random() < 0.3] for _ in range(2)))
    batch.numbers = {unit: number for number, unit in enumerate(units, 1) if chance.random() < 0.3}
    batch.killed = [f"{chance.choice(['implementer', 'reviewer'])} {unit} 0" for unit in units if chance.random() < 0.2]
    world.agent(**_scripts(batch, chance))
    plan = {"policy": {"implementers": chance.randint(1, 4), "integrate": chance.choice(["tested", "textual"])}}
    if batch.numbers:
        plan["numbering"] = [{"series": "docs/NNN-*.md", "assign": batch.numbers}]
    if chance.random() < 0.5:
        plan["merge_order"] = units[: chance.randint(1, len(units))]
    world.plan(*_units(units, chance), **plan)
    return batch


def _scripts(batch: Batch, chance: random.Random) -> dict[str, str]:
    """Key of the scenario to what the agent does there."""
    scripts = {"corrector": REBASE}
    for unit in batch.units:
        number = batch.numbers.get(unit)
        adds = write(f"docs/{number:03}-{unit}.md", unit) if number else ""
        own = (SHARED if unit in batch.shared else "") + write(f"{unit}.txt", unit)
        scripts[f"implementer {unit}"] = own + adds + COMMIT
    for unit in batch.corrected:
        fix = write(f"{unit}-fixed.txt", "yes") + COMMIT
        scripts |= {f"reviewer {unit} 0": BLOCKING, f"corrector {unit} 1": fix}
    for name in batch.killed:
        before = scripts[f"implementer {name.split()[1]}"] if chance.random() < 0.5 and "implementer" in name else ""
        scripts[f"{name} 1"] = before + "\n" + chance.choice([KILL_AGENT, KILL_PARENT])
    return {key.replace(" ", "_"): script for key, script in scripts.items()}


def _units(units: list[str], chance: random.Random) -> list[dict[str, object]]:
    """A few come after an earlier one."""
    after = {unit: chance.choice(units[:place]) for place, unit in enumerate(units) if place and chance.random() < 0.15}
    return [{"unit": unit} | ({"after": [after[unit]]} if unit in after else {}) for unit in units]
