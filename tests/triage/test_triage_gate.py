"""Before dispatch: what the issues as they are now bring up, and the plan does not know, holds back whom it names."""

from __future__ import annotations

import json
import re

from loop_world import World
from triage_world import draft_of, issue

DEPENDS = "Depends on #1."


def entry(reason: str) -> str:
    """The entry for `findings` that a held unit's reason prints."""
    found = re.search(r"does not know: (\{.*?\}); put it under", reason)
    assert found
    return found[1]


def add_finding(world: World, text: str) -> None:
    path = draft_of(world, "b")
    path.write_text(f"{path.read_text()}findings:\n- {text}\n")
    world.commit({})


def test_a_new_finding_holds_back_the_units_it_names_and_no_other(world: World) -> None:
    """Held, then answered with what the message says, then merged; a second `doit` is not asked again."""
    world.plan("a", "c", {"unit": "d", "issues": [3]})
    issue(world, 3, "Thing 3", "", DEPENDS)
    done = world.run(code=10)
    assert world.states() == {"a": "waiting", "c": "merged", "d": "waiting"}
    assert [name for name in ("a", "d") if world.paid(f"implementer {name}")] == []
    reason = done.line("  d: ")
    assert "waves triage --batch b --update" in reason
    assert "(proposed: 3 after 1)" in reason
    assert entry(reason) == '{issues: [1, 3], kind: dependency, evidence: "#3 says: Depends on #1."}'

    add_finding(world, entry(reason).replace("}", ", resolution: no matter}"))
    world.run()
    assert set(world.states().values()) == {"merged"}


def test_an_order_of_the_units_answers_a_finding(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]})
    issue(world, 2, "Thing 2", "", DEPENDS)
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2"]


def test_a_triage_again_answers_it_as_well(world: World) -> None:
    world.plan("a", "c")
    issue(world, 2, "Thing 2", "", DEPENDS)
    world.run(code=10)
    assert world.waves("triage", "--batch", "b", "--update").out.startswith("plans/b.yaml: added 1 finding\n")
    assert world.run(code=10).out.startswith("b: not confirmed, so nothing is dispatched; left to decide:")
    path = draft_of(world, "b")
    path.write_text(path.read_text().replace('resolution: ""', "resolution: fine"))
    world.waves("confirm", "b")
    world.commit({})
    world.run()
    assert set(world.states().values()) == {"merged"}


def test_what_is_dispatched_already_is_not_held_back_by_anything(world: World) -> None:
    """A unit's own pull request is no finding, nor what an issue says after the dispatch."""
    world.plan("a", "c", policy={"merge": "ask"})
    world.run(code=10)
    assert world.states() == {"a": "waiting", "c": "waiting"}
    issue(world, 2, "Thing 2", "", DEPENDS)
    world.rule("a", "approve")
    world.rule("c", "approve")
    world.run()
    assert sorted(world.landed()) == ["Thing 1", "Thing 2"]


def test_a_strangers_pull_request_for_the_same_issue_holds_the_unit_back(world: World) -> None:
    world.plan("a", "c")
    world.git("push", "-q", "origin", "main:fix/by-hand")
    pull = {"number": 90, "state": "open", "branch": "fix/by-hand", "base": "main", "title": "By hand", "head": "",
            "body": "Fixes #2", "merge_commit": ""}  # fmt: skip
    (world.forge / "pulls").mkdir(parents=True)
    (world.forge / "pulls/90.json").write_text(json.dumps(pull))
    done = world.run(code=10)
    assert world.states() == {"a": "merged", "c": "waiting"}
    assert "kind: in-flight" in done.line("  c: ")
    assert "pull request #90 is for #2" in done.line("  c: ")


def test_the_merge_of_what_a_unit_depends_on_is_no_new_finding(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, policy={"merge": "ask"})
    issue(world, 2, "Thing 2", "", DEPENDS)
    world.run(code=10)
    world.rule("a", "approve")
    world.run(code=10)  # looks at the issues when #1 is closed
    world.rule("c", "approve")
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2"]
