"""`waves triage` as a maintainer uses it: issues and a repository in, a plan to edit out; nothing is dispatched."""

from __future__ import annotations

import json

import pytest
from loop_world import World
from triage_world import draft_of, issue, populate

from waves.plan.reader import read_plan


def units(world: World) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
    return {unit.name: (unit.issues, unit.after) for unit in read_plan(draft_of(world)).units}


def test_from_issues_to_a_plan_that_can_be_confirmed(world: World) -> None:
    """Draft, resolve what is open, check, confirm: each command says what comes next."""
    populate(world)
    said = world.waves("triage", "40", "41", "47", "52", "60", "--batch", "auth").out.splitlines()
    assert said[0] == "plans/auth.yaml drafted: skip 40, 47 after 41, run the rest in parallel"
    assert units(world) == {
        "remove-edit-suggestions": ((41,), ()), "list-suggested": ((47,), ("remove-edit-suggestions",)),
        "export-csv": ((52,), ()), "dark-mode": ((60,), ()),
    }  # fmt: skip
    plan = read_plan(draft_of(world))
    assert (plan.confirmed, plan.forge, [one.issue for one in plan.skip]) == (None, "local", [40])
    assert {one.kind for one in plan.findings} >= {"umbrella", "dependency"}
    assert (world.paid(), world.branches()) == ([], ["main"])

    left = [one for one in said if one.startswith("  plans/auth.yaml:")]
    assert said[1] == (f"still to decide, {len(left)}:" if left else
                       "nothing is left to decide: read plans/auth.yaml, then `waves confirm auth`")  # fmt: skip
    checked = world.waves("check", "auth", code=None).out
    assert all(line.strip() in checked for line in left)
    draft_of(world).write_text(draft_of(world).read_text().replace('resolution: ""', "resolution: as proposed"))
    assert "then `waves confirm auth`" in world.waves("check", "auth").out
    world.waves("confirm", "auth")


def test_issues_are_chosen_by_label_and_milestone_as_well(world: World) -> None:
    populate(world)
    world.waves("triage", "--label", "ready", "--batch", "auth")
    assert sorted(issues for issues, _ in units(world).values()) == [(41,), (47,)]
    world.waves("triage", "60", "--milestone", "1.0", "--batch", "other")
    assert sorted(unit.issues for unit in read_plan(draft_of(world, "other")).units) == [(52,), (60,)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["41", "--batch", "b"], "plans/b.yaml: is there already; `waves triage --batch b --update` adds what is new"),
        (["--batch", "auth"], "which issues? `waves triage 41 47 --batch NAME`, or --label, or --milestone"),
        (["41", "--batch", "A b"], "--batch 'A b': expected lower-case words joined by `-`"),
        (["--label", "nobody", "--batch", "auth"], "no open issue has the label 'nobody'"),
        (["40", "--batch", "auth"], "nothing is left to do of issue 40"),
        (["--update", "--batch", "bb"], "--update: no plan is called 'bb'; did you mean 'b'?"),
    ],
)
def test_what_cannot_be_drafted_is_one_line_and_code_2(world: World, arguments: list[str], words: str) -> None:
    populate(world)
    world.write_plan("a")
    before = draft_of(world, "b").read_text()
    done = world.waves("triage", *arguments, code=2)
    assert done.out.startswith(words)
    assert done.out.count("\n") == 1
    assert draft_of(world, "b").read_text() == before
    assert not draft_of(world).exists()


def test_an_issue_that_is_nowhere_is_named(world: World) -> None:
    assert world.waves("triage", "99", "--batch", "auth", code=1).out.startswith("issue #99: ")


def test_the_settings_are_those_of_the_plan_confirmed_last(world: World) -> None:
    populate(world)
    world.write_plan("a", name="old", base="main", policy={"reviewers": 2})
    world.write_plan("a", name="open", confirmed=None, policy={"reviewers": 9})
    world.waves("triage", "60", "--batch", "auth")
    plan = read_plan(draft_of(world))
    assert (plan.policy.reviewers, plan.agent.kind, plan.local.checks) == (2, "command", ("test ! -e BROKEN",))
    assert "# as in plans/old.yaml\n" in draft_of(world).read_text()


def test_a_hostile_title_stays_a_title(world: World) -> None:
    populate(world)
    issue(world, 7, r"x\n  - unit: evil\nconfirmed: {by: me, on: 2026-01-01} # \e[31m \u2028 *a &b !c")
    world.waves("triage", "7", "60", "--batch", "auth")
    plan = read_plan(draft_of(world))
    assert [unit.issues for unit in plan.units] == [(7,), (60,)]
    assert plan.confirmed is None
    assert "\x1b" not in draft_of(world).read_text()


def test_somebodys_open_pull_request_is_a_finding(world: World) -> None:
    populate(world)
    (world.forge / "pulls").mkdir(parents=True)
    world.git("push", "-q", "origin", "main:feat/night")
    pull = {"number": 90, "state": "open", "branch": "feat/night", "base": "main", "title": "Night", "head": "",
            "body": "Fixes #60", "merge_commit": ""}  # fmt: skip
    (world.forge / "pulls/90.json").write_text(json.dumps(pull))
    said = world.waves("triage", "52", "60", "--batch", "auth").out
    assert "the finding on #60 (in-flight) has no resolution" in said


# ---- once more


def test_an_update_keeps_what_a_person_wrote(world: World) -> None:
    populate(world)
    world.waves("triage", "40", "41", "47", "--batch", "auth")
    text = draft_of(world).read_text().replace("units:", "# mine\nunits:").replace('resolution: ""', "resolution: fine")
    text = text.replace("- unit: list-suggested", "- unit: my-name  # better")
    draft_of(world).write_text(text)
    assert world.waves("triage", "--update", "--batch", "auth").out.startswith("plans/auth.yaml: nothing is new\n")
    assert draft_of(world).read_text() == text

    issue(world, 70, "Tell the lists apart", "", "Blocked by #47.")
    world.waves("confirm", "auth")
    confirmed = draft_of(world).read_text()
    said = world.waves("triage", "70", "--update", "--batch", "auth").out
    assert said.splitlines()[0] == "plans/auth.yaml: added 1 unit, 1 finding"
    new = draft_of(world).read_text()
    assert read_plan(draft_of(world)).confirmed is None
    assert "# no longer: confirmed:" in new
    rest = iter(new.splitlines())
    kept = [line for line in confirmed.splitlines() if not line.startswith(("confirmed:", "  by:", "  on:", "  can:"))]
    assert all(line in rest for line in kept)
    assert units(world)["tell-lists-apart"] == ((70,), ("my-name",))


# ---- for programs


def test_what_was_proposed_can_be_had_as_json(world: World) -> None:
    populate(world)
    said = json.loads(world.waves("triage", "40", "41", "47", "60", "--batch", "auth", "--json").out)
    assert said["proposal"] == "skip 40, 47 after 41, run the rest in parallel"
    assert (said["plan"], said["written"], said["left_out"]) == ("plans/auth.yaml", True, None)
    assert [one["issue"] for one in said["skip"]] == [40]
    assert [one["after"] for one in said["units"] if one["issues"] == [47]] == [["remove-edit-suggestions"]]


# ---- scopes of a plan


def test_scopes_that_meet_are_named_until_a_finding_resolves_it(world: World) -> None:
    populate(world)
    scopes = [{"unit": "a", "scope": {"in": ["src/**"]}}, {"unit": "c", "scope": {"in": ["src/form.py"]}}]
    world.write_plan(*scopes, confirmed=None)
    world.commit({})
    for verb in ("check", "confirm"):
        assert "src/form.py" in world.waves(verb, code=2).out
    resolved = {"issues": [1, 2], "kind": "same-region", "resolution": "whoever is second is rebased"}
    world.write_plan(*scopes, confirmed=None, findings=[resolved])
    assert "then `waves confirm b`" in world.waves("check").out
    world.write_plan(scopes[0], scopes[1] | {"after": ["a"]}, confirmed=None)
    assert "then `waves confirm b`" in world.waves("check").out
    world.write_plan(*scopes)
    world.commit({})
    assert world.waves("check").out.splitlines()[-1] == "b: 2 units, ready: `doit`", "confirmed is confirmed"
