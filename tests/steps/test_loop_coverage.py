"""The reviewer gets the change manifest, and a review counts only if it covers every path on it."""

from __future__ import annotations

import json

from loop_world import APPROVED, BLOCKING, IMPLEMENT, World, commit, item, say, written

BINARY = IMPLEMENT.replace("git add", "printf 'a\\0b' > logo.bin; git add", 1)


def answer(reviewed: list[str], **more: object) -> str:
    return say(json.loads(written()) | {"reviewed": reviewed, "closed": [], **more})


def evidence(world: World, criterion: str, unit: str) -> str:
    world.waves("audit", code=None)
    found = json.loads((world.checkout / ".waves" / "b" / "audit.json").read_text())["criteria"]
    return next(
        one["text"] for each in found if each["criterion"] == criterion for one in each["evidence"]
        if one["unit"] == unit
    )  # fmt: skip


def test_a_review_that_says_nothing_of_paths_covers_a_change_that_was_shown_whole(world: World) -> None:
    world.plan("a")
    world.run()
    assert "a.txt: added file, +1 -0 lines, 0 -> 2 bytes, 0000000000000000 -> " in world.prompt("reviewer a 0 1")
    assert world.read("a", "review-0.json")["reviewed"] is None
    assert evidence(world, "approved", "a").endswith("; paths reviewed: all 1")


def test_a_path_that_was_not_shown_must_be_named_or_the_review_is_made_once_more(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=BINARY, reviewer_a_0_1=answer(["**"]), reviewer_a_0_2=answer(["a.txt", "logo.bin"]))
    world.run()
    assert "logo.bin: added file, +1 -0 lines, 0 -> 3 bytes" in world.prompt("reviewer a 0 1")
    assert "`reviewed` does not name logo.bin" in world.prompt("reviewer a 0 2")
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    assert world.landed() == ["Thing 1"]
    assert evidence(world, "approved", "a").endswith("; paths reviewed: all 2, 1 named by the reviewer")


def test_a_second_incomplete_review_asks_a_person(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=BINARY, reviewer_a=APPROVED)
    done = world.run(code=10)
    assert "`reviewed` does not name logo.bin" in done.line("  a: ")
    assert done.asks() == ["waves rule a review@0 retry"]
    assert world.landed() == []


def test_a_reviewer_that_lists_paths_is_held_to_its_list(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a=commit(one_txt="1\n", two_txt="2\n"), reviewer_a_0_1=answer(["one.txt"]),
        reviewer_a_0_2=answer(["*.txt"]),
    )  # fmt: skip
    world.run()
    assert "`reviewed` does not name two.txt" in world.prompt("reviewer a 0 2")
    assert world.landed() == ["Thing 1"]


def test_the_next_review_is_told_what_was_corrected_and_says_what_is_closed(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0=BLOCKING, reviewer_a_1=answer(["**"], closed=["B1@0"]))
    world.run()
    assert "name in `closed` the ids" in world.prompt("reviewer a 1 1")
    assert "- `B1@0`" in world.prompt("reviewer a 1 1")
    assert world.read("a", "review-1.json")["closed"] == ["B1@0"]


def test_a_unit_in_flight_keeps_the_contract_of_its_prompt(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=BINARY, reviewer_a=say({"verdict": "approved"}))
    world.run(code=10)
    (world.unit("a") / "templates" / "contract").unlink()  # as an earlier Waves left it
    world.agent(reviewer_a=APPROVED)
    world.rule("a", "review@0", "retry")
    world.run()
    assert '"reviewed"' not in world.prompt("reviewer a 0 3")
    assert world.landed() == ["Thing 1"]
    assert evidence(world, "approved", "a").endswith("; paths reviewed: not recorded")


def test_a_change_of_many_paths_has_its_manifest_in_a_file(world: World) -> None:
    world.plan("a")
    many = "for n in $(seq 1 600); do echo $n > file-$n.txt; done; git add --all; git commit -qm 'feat: many'"
    look = 'grep -q "^file-99.txt: added" "$(dirname "$WAVES_OUTPUT")/../changes.txt"\n'
    world.agent(implementer_a=many, reviewer_a=look + answer(["*.txt"], nits=[item()]))
    world.run()
    assert "and 100 more" in world.prompt("reviewer a 0 1")
    assert world.landed() == ["Thing 1"]


def test_what_is_hidden_in_text_is_spelled_out_and_named_and_must_be_named_by_the_reviewer(world: World) -> None:
    world.plan("a")
    hidden = IMPLEMENT.replace(
        "git add", "printf '# see the handbook \\rprint(1)\\n' > run.py; echo '* -diff' > .gitattributes; git add", 1
    )
    world.agent(implementer_a=hidden, reviewer_a_0_1=answer(["**"]), reviewer_a_0_2=answer(["**", "run.py"]))
    world.run()
    prompt = world.prompt("reviewer a 0 1")
    assert "+# see the handbook <U+000D>print(1)\n" in prompt
    assert "run.py: control character (U+000D) at line 1" in prompt
    assert "run.py: added file" in prompt
    assert "SUSPICIOUS: see below" in prompt
    assert "`reviewed` does not name run.py" in world.prompt("reviewer a 0 2")
    assert world.landed() == ["Thing 1"]
