from __future__ import annotations

import json

from loop_world import IMPLEMENT, NOTHING_AMISS, World, commit, say

from waves.foundation import locks
from waves.foundation.records import digest


def test_a_committed_plan_becomes_a_merged_pull_request_and_leaves_nothing_behind(world: World) -> None:
    world.plan({"unit": "a", "issues": [7]})
    done = world.run()
    assert done.out.endswith("b: 1 merged; `waves audit` has the proof\n")
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    pull = world.pulls()["feat/a"]
    assert pull["state"] == "merged"
    assert pull["title"] == "feat: Thing 7"
    assert "\nFixes #7\n" in pull["body"]
    assert pull["merge_commit"] == world.head("main")
    assert world.merged() == [f"feat: Thing 7 (#{pull['number']})"]
    assert world.tree() == {"app.txt": "one", "a.txt": "a"}
    assert list(world.comments("feat/a")) == ["cycle-0"]
    assert "approved" in world.comments("feat/a")["cycle-0"]
    assert world.branches() == ["main"]
    assert world.branches(at=world.checkout) == ["main"]
    assert world.worktrees() == []
    assert world.git("for-each-ref", "refs/waves", at=world.origin) == ""
    assert world.git("status", "--porcelain") == ""
    assert world.audit() == NOTHING_AMISS


def test_a_second_run_does_nothing_and_says_so(world: World) -> None:
    world.plan("a")
    world.run()
    before = world.head("main")
    again = world.run()
    assert again.out == "b: 1 merged; `waves audit` has the proof\n"
    assert len(world.paid()) == 2
    assert world.head("main") == before


def test_plain_doit_does_the_same_and_needs_no_database(world: World) -> None:
    world.plan("a")
    done = world.python_doit()
    assert done.code == 0, done.out
    assert world.merged() == ["feat: Thing 1 (#2)"]
    assert [path.name for path in world.checkout.iterdir() if "doit" in path.name] == []
    again = world.python_doit("-a")  # always-execute
    assert again.code == 0, again.out
    assert world.paid() == ["implementer a 0 1", "reviewer a 0 1"]
    assert len(world.pulls()) == 1


def test_units_are_worked_on_at_the_same_time(world: World) -> None:
    world.plan("a", "c")
    gate = world.gate()
    # Each end of a pipe waits for the other: neither could end if the two were not at work together.
    world.agent(implementer_a=gate + IMPLEMENT, implementer_c=': > "$LOOP_SCENARIO/gate"\n' + IMPLEMENT)
    world.run()
    assert world.states() == {"a": "merged", "c": "merged"}
    assert set(world.tree()) == {"app.txt", "a.txt", "c.txt"}


def test_a_pool_of_one_implementer_is_never_two(world: World) -> None:
    world.plan("a", "c", "d", policy={"implementers": 1})
    world.run()
    lines = (world.scenario / "journal").read_text().splitlines()
    implementers = [line.split()[0] for line in lines if "implementer" in line]
    assert implementers == ["start", "end"] * 3


def test_one_thread_is_enough(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, "d", merge_order=["d", "a"])
    world.run("-n", "1")
    assert world.states() == {"a": "merged", "c": "merged", "d": "merged"}
    assert world.landed() == ["Thing 3", "Thing 1", "Thing 2"]


def test_issues_of_one_unit_are_one_pull_request_that_closes_each(world: World) -> None:
    world.plan({"unit": "both", "issues": [3, 4], "why": "two typos", "type": "fix"})
    world.run()
    assert len(world.pulls()) == 1
    pull = world.pulls()["fix/both"]
    assert pull["title"] == "fix: two typos"
    assert "\nFixes #3\nFixes #4\n" in pull["body"]
    closed = [json.loads(path.read_text())["issue"] for path in (world.forge / "issues").glob("*.json")]
    assert sorted(closed) == [3, 4]
    prompt = world.prompt("implementer both 0 1")
    assert "Please make thing 3 work." in prompt
    assert "Please make thing 4 work." in prompt


def test_a_skipped_issue_is_left_alone_and_counted(world: World) -> None:
    world.plan("a", skip=[{"issue": 9, "why": "umbrella"}])
    done = world.run()
    assert done.out.endswith("b: 1 merged, 1 skipped; `waves audit` has the proof\n")
    assert not (world.forge / "issues" / "9.json").exists()


def test_a_unit_that_comes_after_another_branches_from_its_merge(world: World) -> None:
    world.plan({"unit": "late", "after": ["early"]}, "early")
    world.agent(implementer_late='test -e early.txt; echo "on top" >> early.txt\n' + IMPLEMENT)
    world.run()
    assert world.tree() == {"app.txt": "one", "early.txt": "early\non top", "late.txt": "late"}
    assert world.paid("implementer") == ["implementer early 0 1", "implementer late 0 1"]


def test_units_land_in_merge_order_whoever_is_ready_first(world: World) -> None:
    world.plan("a", "c", merge_order=["c", "a"])
    gate = world.gate()
    # `a` is approved before `c` even has a commit.
    world.agent(implementer_c=gate + IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        run.until("b/a decide@0: merge")
    assert run.wait().code == 0
    assert world.landed() == ["Thing 2", "Thing 1"]


def test_units_that_the_order_does_not_name_land_when_they_are_ready(world: World) -> None:
    world.plan("a", "c", "free", merge_order=["c", "a"])
    gate = world.gate()
    world.agent(implementer_c=gate + IMPLEMENT)
    run = world.start("run")
    with world.open_gate():
        run.until("b/free land@0: merged")
    assert run.wait().code == 0
    assert world.landed() == [
        "Thing 3", "Thing 2", "Thing 1",
    ]  # fmt: skip


def test_of_those_that_wait_to_land_the_smallest_diff_is_next(world: World) -> None:
    world.plan("first", "big", "small")
    world.agent(
        implementer_first=world.gate("first") + IMPLEMENT,
        implementer_big=world.gate("big") + commit(big_txt="1\n2\n3\n4"),
        implementer_small=world.gate("small") + commit(small_txt="1"),
    )
    # Somebody else lands on the same base, such as another batch.
    with locks.waiting(world.checkout / f".git/waves-base-{digest('main')}.lock"):
        run = world.start("run")
        for unit in ("first", "big", "small"):
            with world.open_gate(unit):
                pass
            run.until(f"b/{unit} land@0: waits for its turn")
    assert run.wait().code == 0
    assert world.landed() == [
        "Thing 1", "Thing 3", "Thing 2",
    ]  # fmt: skip


def test_the_prompt_holds_what_the_plan_says(world: World) -> None:
    world.plan(
        {
            "unit": "a", "scope": {"in": ["src/**"], "out": ["the API"]}, "checks": ["make it-so"],
            "decisions": [{"ask": "keep the old field?", "answer": "no, remove it"}],
        },
        numbering=[{"series": "docs/NNN-*.md", "assign": {"a": 12}}],
    )  # fmt: skip
    world.run()
    prompt = world.prompt("implementer a 0 1")
    for words in ("src/**", "the API", "make it-so", "keep the old field?", "no, remove it", "number 12"):
        assert words in prompt
    review = world.prompt("reviewer a 0 1")
    assert "## Artifact under review" in review
    assert "+a\n" in review


def test_two_batches_of_one_repository_run_in_one_doit(world: World) -> None:
    world.plan("a")
    world.plan({"unit": "z", "issues": [20]}, name="second")
    done = world.run()
    assert "b: 1 merged" in done.out
    assert "second: 1 merged" in done.out
    assert len(world.merged()) == 2


def test_an_escalated_unit_holds_up_those_that_come_after_it_and_nobody_else(world: World) -> None:
    world.plan("stuck", {"unit": "after", "after": ["stuck"]}, "next", merge_order=["stuck", "next"])
    world.agent(implementer_stuck=say("BLOCKED: no access to the database"))
    done = world.run(code=10)
    assert world.states() == {"stuck": "escalated", "after": "waiting", "next": "merged"}
    assert done.line("  stuck: ") == "  stuck: escalated: the implementer is blocked: no access to the database"
    assert done.asks() == ["waves rule stuck implement retry"]
    assert done.line("  after: ") == "  after: waiting: after 'stuck', which is escalated"
    assert "b: 1 merged, 1 waiting, 1 escalated" in done.out
    assert world.paid("implementer") == ["implementer next 0 1", "implementer stuck 0 1"]
    # The same again costs nothing.
    world.run(code=10)
    assert len(world.paid()) == 3
