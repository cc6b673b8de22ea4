"""Every case of the corpus goes through the whole loop: nothing of it is executed, and what people see is clean."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from corpus import CASES, HTML, ORDER, Case
from loop_world import World

AT_ONCE = 6  # cases a world
BESIDE = [case for case in CASES if not case.alone]
GROUPS = [BESIDE[start : start + AT_ONCE] for start in range(0, len(BESIDE), AT_ONCE)]
GROUPS += [[case] for case in CASES if case.alone]
# Colour and cursor are Waves' own; everything else that a terminal would obey, or not show, is not.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069]")


def brought_about(world: World) -> list[Path]:
    return [*world.folder.rglob("*EXECUTED*"), *(world.folder / "outside").iterdir()]


def said_by_waves(prompt: str) -> str:
    """A prompt without what stands in fences and between backticks, where it is somebody else's."""
    kept: list[str] = []
    fence = ""
    for line in prompt.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif opening := re.fullmatch(r"(`{3,})\w*", line):
            fence = opening[1]
        else:
            kept.append(re.sub(r"(`+).*?\1", "", line))
    assert not fence
    return "\n".join(kept)


@pytest.mark.parametrize("cases", GROUPS, ids=lambda cases: f"{cases[0].name} to {cases[-1].name}")
def test_nothing_of_it_is_executed_and_what_people_see_is_clean(world: World, cases: Sequence[Case]) -> None:
    executed, outside = world.folder / "EXECUTED", world.folder / "outside"
    outside.mkdir()

    def real(text: str) -> str:
        return text.replace("EXECUTED", str(executed)).replace("OUTSIDE", str(outside))

    names = {f"u{number}": case for number, case in enumerate(cases, 1)}
    for number, case in enumerate(cases, 1):
        front = f"---\ntitle: {json.dumps(real(case.title))}\n---\n"
        world.issue(number, front + real(case.body))
        world.agent(**{f"implementer_u{number}": real(case.implementer), f"reviewer_u{number}": real(case.reviewer)})
    world.plan(*names)
    outputs = [world.run(code=None).out, *(world.waves(*words, code=None).out for words in (["status"], ["audit"]))]
    outputs += [world.waves("logs", name, code=None).out for name in names]
    page = world.waves("report", "-o", "-", code=None).out
    ended = {case.name: world.states()[name] for name, case in names.items()}
    assert [f"{case.name}: {ended[case.name]}" for case in cases if ended[case.name] not in case.states] == []
    print(
        {case.name: json.loads((world.unit(n) / "outcome.json").read_text()).get("reason") for n, case in names.items()}
    )
    assert brought_about(world) == []
    assert [found[0] for text in (*outputs, page) if (found := CONTROL.findall(text))] == []
    prompts = [path.read_text("utf-8", "replace") for path in world.scenario.glob("*.prompt")]
    assert [line for text in prompts for line in said_by_waves(text).splitlines() if ORDER in line] == []
    assert "<script>alert" not in page
    assert HTML not in page
    assert world.git("config", "--get-regexp", r"^(filter|merge|diff)\.evil", check=False) == ""
    assert sorted(path.name for path in (world.checkout / ".git/hooks").glob("*")) == []
