from __future__ import annotations

import pytest
from loop_world import APPROVED, BLOCKING, IMPLEMENT, NOTHING_AMISS, World, commit

# Green on each branch alone, red on both together.
NOT_BOTH = {"checks": ["! { test -e left.txt && test -e right.txt; }"]}
TWO = {"implementer_a": commit(left_txt="1\n"), "implementer_c": commit(right_txt="1\n")}


def both_reviewed_before_the_first_lands(world: World) -> dict[str, str]:
    """The reviewer of `a` waits for that of `c`: so both are reviewed on the same base, and `a` may land first."""
    gate = world.gate("together")
    return {"reviewer_a_0": gate + APPROVED, "reviewer_c_0": ': > "$LOOP_SCENARIO/together"\n' + APPROVED}


def test_two_that_are_green_alone_and_red_together_never_make_the_base_red(world: World) -> None:
    world.plan("a", "c", local=NOT_BOTH, merge_order=["a", "c"])
    world.agent(
        **TWO, **both_reviewed_before_the_first_lands(world),
        corrector_c_turn1="git rebase -q origin/main; git mv right.txt middle.txt; git commit -qm 'fix: rename'",
    )  # fmt: skip
    done = world.run()
    assert (
        "b/c land@0: not clean: check ! { test -e left.txt && test -e right.txt; } is red on the merge result"
        in done.out
    )
    assert world.landed() == ["Thing 1", "Thing 2"]
    for base in world.git("rev-list", "main", at=world.origin).split():
        names = world.git("ls-tree", "--name-only", base, at=world.origin).splitlines()
        assert not {"left.txt", "right.txt"} <= set(names)
    assert world.paid("reviewer c") == ["reviewer c 0 1", "reviewer c turn1 1"]
    assert "test -e right.txt" in world.prompt("corrector c turn1 1")
    assert list(world.comments("feat/c")) == ["cycle-0", "cycle-turn1"]


def test_with_textual_integration_what_merges_without_conflict_lands(world: World) -> None:
    world.plan("a", "c", local=NOT_BOTH, merge_order=["a", "c"], policy={"integrate": "textual"})
    world.agent(**TWO, **both_reviewed_before_the_first_lands(world))
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert world.paid("corrector") == []


CONFLICT = {"implementer_a": commit(app_txt="a\n"), "implementer_c": commit(app_txt="c\n")}
RESOLVE = "git rebase -q origin/main || { echo both > app.txt; git add .; git -c core.editor=true rebase --continue; }"


def test_a_conflict_after_a_siblings_merge_is_rebased_checked_and_reviewed_again(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"])
    world.agent(**CONFLICT, **both_reviewed_before_the_first_lands(world), corrector_c=RESOLVE)
    done = world.run()
    assert "b/c land@0: not clean: conflicts with the base in app.txt" in done.out
    assert world.paid("corrector") == ["corrector c turn1 1"]
    assert world.paid("reviewer c") == ["reviewer c 0 1", "reviewer c turn1 1"]
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert world.tree() == {"app.txt": "both"}
    assert world.read("c", "checks-turn1.json")["commit"] == world.pulls()["feat/c"]["head"]
    assert "app.txt" in world.prompt("corrector c turn1 1")
    assert "git rebase" in world.prompt("corrector c turn1 1")
    assert world.audit() == NOTHING_AMISS


def test_a_corrector_that_does_not_rebase_asks_a_person_after_the_rounds(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"])
    world.agent(
        **CONFLICT, **both_reviewed_before_the_first_lands(world),
        corrector_c='echo "$WAVES_CYCLE" >> notes.txt; git add notes.txt; git commit -qm "docs: hm"',
    )  # fmt: skip
    done = world.run(code=10)
    assert world.paid("corrector") == [f"corrector c turn{turn} 1" for turn in (1, 2, 3)]
    assert "conflicts with the base in app.txt" in done.line("  c: ")
    assert "after 3 corrections" in done.line("  c: ")
    assert done.asks() == ["waves rule c land@3 retry"]
    assert world.landed() == ["Thing 1"]
    assert world.tree() == {"app.txt": "a"}
    world.agent(corrector_c=RESOLVE)
    world.rule("c", "land@3", "retry")
    world.run()
    assert world.paid("corrector")[-1] == "corrector c turn4 1"
    assert world.landed() == ["Thing 1", "Thing 2"]


def test_a_corrector_that_leaves_a_rebase_half_done_is_told_so(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"])
    world.agent(
        **CONFLICT, **both_reviewed_before_the_first_lands(world),
        corrector_c_turn1_1="git rebase origin/main || true", corrector_c_turn1_2=f"git reset -q --hard; {RESOLVE}",
    )  # fmt: skip
    world.run()
    assert world.paid("corrector") == ["corrector c turn1 1", "corrector c turn1 2"]
    assert "a rebase was left unfinished; left uncommitted: app.txt" in world.prompt("corrector c turn1 2")
    assert world.tree() == {"app.txt": "both"}


def test_the_next_in_order_waits_while_one_is_corrected_at_its_turn(world: World) -> None:
    world.plan("a", "c", "d", merge_order=["a", "c", "d"])
    world.agent(**CONFLICT, **both_reviewed_before_the_first_lands(world), corrector_c=RESOLVE)
    world.run()
    assert world.landed() == ["Thing 1", "Thing 2", "Thing 3"]


def test_what_the_order_does_not_name_lands_while_one_is_corrected_at_its_turn(world: World) -> None:
    world.plan("a", "c", "free", merge_order=["a", "c"])
    world.agent(
        **CONFLICT, **both_reviewed_before_the_first_lands(world),
        implementer_free=world.gate("free") + IMPLEMENT, corrector_c=world.gate("correction") + RESOLVE,
    )  # fmt: skip
    run = world.start("run")
    with world.open_gate("correction"):
        with world.open_gate("free"):
            pass
        run.until("b/free land@0: merged")
    assert run.wait().code == 0, run.out
    assert world.landed() == ["Thing 1", "Thing 3", "Thing 2"]


NUMBERED = {"numbering": [{"series": "docs/NNN-*.md", "assign": {"a": 7, "c": 8}}]}


def numbered(name: str) -> str:
    return f"mkdir -p docs; echo {name} > docs/{name}.md; git add --all; git commit -qm 'docs: {name}'\n"


def test_a_number_that_is_taken_by_now_is_changed_to_the_free_one(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"], **NUMBERED)
    world.agent(
        **both_reviewed_before_the_first_lands(world),
        implementer_a=numbered("007-a"), implementer_c=numbered("007-c"),
        corrector_c="git rebase -q origin/main; git mv docs/007-c.md docs/008-c.md; git commit -qm 'docs: renumber'",
    )  # fmt: skip
    done = world.run()
    assert "b/c land@0: not clean: docs/007-c.md: the number is taken, 8 is free" in done.out
    assert "`docs/007-c.md`" in world.prompt("corrector c turn1 1")
    assert "number 8" in world.prompt("corrector c turn1 1")
    assert set(world.tree()) == {"app.txt", "docs/007-a.md", "docs/008-c.md"}


def test_a_number_that_somebody_else_took_meanwhile_is_found_too(world: World) -> None:
    world.plan("a", numbering=[{"series": "docs/NNN-*.md", "assign": {"a": 7}}])
    world.agent(
        implementer_a=numbered("007-a"), reviewer_a_0=world.gate() + APPROVED,
        corrector_a="git rebase -q origin/main; git mv docs/007-a.md docs/008-a.md; git commit -qm 'docs: renumber'",
    )  # fmt: skip
    run = world.start("run")
    with world.open_gate():
        world.commit({"docs/007-bo.md": "bo\n"}, "chore: bo", at=world.colleague())
    assert run.wait().code == 0, run.out
    assert set(world.tree()) == {"app.txt", "docs/007-bo.md", "docs/008-a.md"}


OVERLAP = {"findings": [{"issues": [1, 2], "kind": "semantic-overlap", "evidence": "x", "resolution": "1 first"}]}


def test_a_sibling_that_overlaps_in_meaning_means_rebase_and_a_new_review(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"], **OVERLAP)
    world.agent(**both_reviewed_before_the_first_lands(world))
    done = world.run()
    assert "b/c land@0: not clean: a was merged since the review and overlaps" in done.out
    assert world.paid("corrector") == ["corrector c turn1 1"]
    assert world.paid("reviewer c") == ["reviewer c 0 1", "reviewer c turn1 1"]
    assert "+a" not in world.prompt("reviewer c turn1 1")  # rebased: the sibling's change is no part of the diff
    assert world.landed() == ["Thing 1", "Thing 2"]


def test_siblings_of_another_finding_land_without_a_new_review(world: World) -> None:
    findings = [OVERLAP["findings"][0] | {"kind": "same-region"}]
    world.plan("a", "c", merge_order=["a", "c"], findings=findings)
    world.agent(**both_reviewed_before_the_first_lands(world))
    world.run()
    assert world.paid("corrector") == []
    assert len(world.paid("reviewer")) == 2


def test_a_unit_that_branched_after_the_overlapping_merge_needs_nothing_more(world: World) -> None:
    world.plan("a", {"unit": "c", "after": ["a"]}, **OVERLAP)
    world.run()
    assert world.paid("corrector") == []
    assert len(world.paid("reviewer")) == 2


def test_the_review_at_its_turn_can_ask_for_more_and_the_unit_still_lands(world: World) -> None:
    world.plan("a", "c", merge_order=["a", "c"])
    world.agent(
        **CONFLICT, **both_reviewed_before_the_first_lands(world), corrector_c_turn1=RESOLVE,
        reviewer_c_turn1=BLOCKING, corrector_c_turn2=commit("fix: test", test_txt="1\n"),
    )  # fmt: skip
    world.run()
    assert world.paid("corrector") == ["corrector c turn1 1", "corrector c turn2 1"]
    assert world.paid("reviewer c") == ["reviewer c 0 1", "reviewer c turn1 1", "reviewer c turn2 1"]
    assert world.tree() == {"app.txt": "both", "test.txt": "1"}


@pytest.mark.parametrize("method", ["rebase", "merge"])
def test_the_other_merge_methods_land_units_one_after_the_other(world: World, method: str) -> None:
    world.plan("a", "c", policy={"merge_method": method})
    world.agent(implementer_a=commit("feat: one", a_txt="1\n") + commit("feat: two", a_txt="2\n"))
    world.run()
    assert world.tree() == {"app.txt": "one", "a.txt": "2", "c.txt": "c"}
    expected = {"feat: one", "feat: two", "feat: c"} if method == "rebase" else {"feat: Thing 1", "feat: Thing 2"}
    assert {subject.partition(" (")[0] for subject in world.merged()} == expected
    assert world.audit() == NOTHING_AMISS


def test_what_somebody_else_merged_meanwhile_is_merged_with_and_not_overwritten(world: World) -> None:
    world.plan("a", "c", local={"checks": ["true"]})
    world.agent(reviewer_a=world.gate() + APPROVED, reviewer_c=APPROVED)
    run = world.start("run")
    with world.open_gate():
        run.until("b/c land@0: merged")
        world.commit({"bo.txt": "bo\n"}, "chore: bo", at=world.colleague())
    assert run.wait().code == 0, run.out
    assert set(world.tree()) == {"app.txt", "a.txt", "bo.txt", "c.txt"}
    assert world.landed() == ["Thing 2", "Thing 1"]


SAME_PLACE = {
    "implementer_a": "echo a >> log.md; git add .; git commit -qm 'feat: a'",
    "implementer_c": "echo c >> log.md; git add .; git commit -qm 'feat: c'",
}  # fmt: skip


@pytest.mark.parametrize("source", ["tree", "info", "driver"])
def test_a_merge_attribute_blocks_nothing_a_conflict_is_corrected(world: World, source: str) -> None:
    world.commit({"log.md": "start\n"})
    world.git("push", "-q", "origin", "main")
    if source == "tree":
        world.commit({".gitattributes": "*.md merge=union\n"})
        world.git("push", "-q", "origin", "main")
    else:
        (world.checkout / ".git/info").mkdir(exist_ok=True)
        name = "union" if source == "info" else "mine"
        (world.checkout / ".git/info/attributes").write_text(f"*.md merge={name}\n")
        world.git("config", "merge.mine.driver", "git merge-file --union %A %O %B")
    world.plan("a", "c", merge_order=["a", "c"])
    resolve = "git rebase -q origin/main || { printf 'start\\na\\nc\\n' > log.md; git add .; git rebase --continue; }"
    world.agent(
        **SAME_PLACE, **both_reviewed_before_the_first_lands(world), corrector_c=f"export GIT_EDITOR=true; {resolve}",
    )  # fmt: skip
    done = world.run()
    assert "b/c land@0: not clean: conflicts with the base in log.md" in done.out
    assert world.landed() == ["Thing 1", "Thing 2"]
    assert set(world.tree()["log.md"].split()) == {"start", "a", "c"}
    assert world.audit() == NOTHING_AMISS


@pytest.mark.parametrize("method", ["squash", "merge", "rebase"])
def test_a_change_that_would_land_in_a_renamed_file_is_rebased_and_reviewed_there(world: World, method: str) -> None:
    body = "\n".join(f"line {number}" for number in range(20)) + "\n"
    world.commit({"old.txt": body})
    world.git("push", "-q", "origin", "main")
    world.plan("a", "c", merge_order=["a", "c"], policy={"merge_method": method})
    world.agent(
        implementer_a="git mv old.txt new.txt; git commit -qm 'refactor: rename'",
        implementer_c="echo more >> old.txt; git add .; git commit -qm 'feat: more'",
        **both_reviewed_before_the_first_lands(world), corrector_c="git rebase -q origin/main",
    )  # fmt: skip
    done = world.run()
    assert "b/c land@0: not clean: would also change new.txt, which the branch does not" in done.out
    assert "new.txt: modified file" in world.prompt("reviewer c turn1 1")
    assert world.tree()["new.txt"] == f"{body}more"
    assert world.audit() == NOTHING_AMISS
