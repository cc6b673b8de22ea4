"""Issues that collide in known ways, for the tests of `waves triage` on a real repository."""

from __future__ import annotations

from pathlib import Path

from loop_world import World

ISSUES = {
    40: ("Forms, all of it", "labels: [umbrella]", "- [ ] #41\n- [ ] #47\n"),
    41: ("Remove `edit_suggestions`", "labels: [ready]", "Remove `edit_suggestions` from src/claims.py."),
    47: ("List what was suggested", "labels: [ready]", "Shows `edit_suggestions` as a list. Depends on #41."),
    52: ("Export as CSV", "milestone: '1.0'", "A new option `--csv`."),
    60: ("Dark mode", "labels: [enhancement]", "For the night."),
}
FILES = {"src/claims.py": "edit_suggestions = []\n", "src/form.py": "pass\n"}


def issue(world: World, number: int, title: str, front: str = "", body: str = "") -> None:
    world.issue(number, f'---\ntitle: "{title}"\n{front}\n---\n{body}\n')


def populate(world: World) -> None:
    """Commit the files and the issues."""
    for number, (title, front, body) in ISSUES.items():
        issue(world, number, title.replace('"', '\\"'), front, body)
    world.commit(FILES, "chore: files and issues")


def draft_of(world: World, name: str = "auth") -> Path:
    return world.checkout / "plans" / f"{name}.yaml"
