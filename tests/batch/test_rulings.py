"""The store of rulings: which of them count, and that none is lost, whoever writes at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from loop_world import NOTHING_AMISS, World, commit, item, review, until

from waves.batch import rulings
from waves.batch.rulings import Given, Rulings, joined, standing
from waves.plan import reader
from waves.plan.model import Ruling

STORE = ".waves/b/rulings.jsonl"


def on(thing: str, ruling: str, digest: str | None = None, unit: str = "a") -> Ruling:
    return Ruling(unit, thing, ruling, "", digest)


def words(found: tuple[Ruling, ...]) -> list[str]:
    return [f"{one.item} {one.ruling}" + (f" {one.digest}" if one.digest else "") for one in found]


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ([on("S1@0", "defer"), on("S1@0", "correct")], ["S1@0 correct"]),
        ([on("S1@0", "defer"), on("N1@0", "defer")], ["S1@0 defer", "N1@0 defer"]),
        ([on("S1@0", "defer", "aaaa"), on("S1@0", "correct", "bbbb")], ["S1@0 defer aaaa", "S1@0 correct bbbb"]),
        ([on("S1@0", "defer"), on("S1@0", "correct", "bbbb")], ["S1@0 correct bbbb"]),
        ([on("S1@0", "defer"), on("S1@0", "withdraw")], []),
        ([on("S1@0", "defer"), on("S1@0", "correct"), on("S1@0", "withdraw")], []),
        ([on("S1@0", "withdraw"), on("S1@0", "defer")], ["S1@0 defer"]),
        ([on("S1@0", "defer"), on("S1@0", "withdraw", unit="c")], ["S1@0 defer"]),
        ([on("H1@0", "defer", "aaaa"), on("H2@1", "correct", "aaaa")], ["H2@1 correct aaaa"]),
        ([on("H1@0", "defer", "aaaa"), on("H1@1", "withdraw", "aaaa")], []),
        ([on("review@0", "retry"), on("review@0", "retry")], ["review@0 retry", "review@0 retry"]),
        ([on("review@0", "retry"), on("review@0", "retry"), on("review@0", "withdraw")], ["review@0 retry"]),
        ([on("unit", "drop"), on("unit", "withdraw")], []),
        ([on("S1@0", "drop"), on("unit", "withdraw")], []),
        ([on("merge@0", "approve", "aaaa"), on("merge", "withdraw")], []),
        ([on("merge", "approve"), on("merge@1", "approve", "bbbb")], ["merge@1 approve bbbb"]),
        ([on("S1@0", "withdraw")], []),
    ],
)  # fmt: skip
def test_the_newest_ruling_on_a_thing_counts(given: list[Ruling], counts: list[str]) -> None:
    assert words(standing(given)) == counts


def test_rulings_of_the_plan_are_the_oldest_and_one_that_was_exported_counts_once() -> None:
    retry = Given("a", "review@0", "retry", id="aa11")
    later = Given("a", "review@0", "retry", id="aa22")
    assert len(joined([on("review@0", "retry"), retry.plain], [retry, later])) == 3
    by_hand, stored = on("S1@0", "defer"), Given("a", "S1@0", "correct", id="aa33")
    assert words(standing(joined([by_hand], [stored]))) == ["S1@0 correct"]


def test_what_a_crash_left_of_a_line_is_no_ruling_and_costs_no_other(tmp_path: Path) -> None:
    store = Rulings(tmp_path)
    first, second, third = (rulings.given(on(f"S{number}@0", "defer")) for number in (1, 2, 3))
    store.append([first])
    whole = store.path.read_bytes()
    for cut in range(1, len(whole) - 1):
        store.path.write_bytes(whole + whole[:cut])
        assert Rulings(tmp_path).entries == (first,)
    assert store.append([second]) == (second,)
    assert store.append([second, third]) == (second, third)
    assert Rulings(tmp_path).entries == (first, second, third)
    store.path.write_bytes(store.path.read_bytes()[:-1])  # only the line's end is missing: it is whole
    store.append([replace(third, id="abcd")])
    assert [one.id for one in store.entries] == [first.id, second.id, third.id, "abcd"]


def test_what_is_no_ruling_is_left_out(tmp_path: Path) -> None:
    store = Rulings(tmp_path)
    good = rulings.given(on("S1@0", "defer"))
    store.append([good])
    value = json.loads(store.path.read_text())
    for odd in ([], 3, {}, value | {"why": 3}, value | {"ruling": "burn"}, value | {"id": ""}, value | {"more": 1}):
        with store.path.open("a") as file:
            file.write(json.dumps(odd) + "\n")
    with store.path.open("ab") as raw:
        raw.write(b"\xff\xfe\x00\n" + b"[" * 100_000 + b'\n{"format": NaN}\n')
    assert Rulings(tmp_path).entries == (good,)


def test_a_ruling_in_another_format_is_named_and_holds_its_unit(world: World) -> None:
    world.plan("a", "c", policy={"merge": "ask"})
    world.run(code=10)
    path = world.checkout / STORE
    path.write_text(json.dumps({"format": 2, "unit": "a", "id": "ffff", "says": ["approve"]}) + "\n")
    words = f"a ruling in {path} is in format 2, and this Waves knows format 1: go on with the Waves that wrote it"
    assert words in world.waves("status").out
    assert world.waves("rule", "a", "approve", code=2).out == f"{words}\n"
    world.rule("c", "merge@0", "approve")
    assert words in world.run(code=10).out
    assert world.landed() == ["Thing 2"]


# ---- many at once


ASKED = review("should_fix", should_fix=[item(f"thing {number}") for number in range(8)])


def test_of_rulings_that_many_give_at_once_none_is_lost(world: World) -> None:
    """Eight people, four rounds; each ruling that was reported is there, and what was reported is what is there."""
    world.plan("a", policy={"should_fix": "ask"})
    world.agent(reviewer_a_0=ASKED)
    world.run(code=10)
    for round_ in range(4):
        started = [
            world.start("rule", "a", f"S{number}@0", "defer", "--why", f"round {round_}") for number in range(1, 9)
        ]
        for process in started:
            done = process.wait()
            assert done.code == 0, done.out
    given = [json.loads(line) for line in (world.checkout / STORE).read_text().splitlines()]
    assert sorted((one["item"], one["why"]) for one in given) == sorted(
        (f"S{number}@0", f"round {round_}") for number in range(1, 9) for round_ in range(4)
    )
    claim = json.loads(world.git("log", "-1", "--format=%B", "refs/waves/b/a/claim", at=world.origin))
    assert claim["files"]["rulings.jsonl"] == (world.checkout / STORE).read_text()
    world.run()
    assert world.landed() == ["Thing 1"]
    assert world.paid("corrector") == []


def test_processes_that_are_killed_while_they_write_lose_no_ruling_that_was_reported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom waves.plan.model import Ruling\nfrom waves.batch import rulings\n"
        "store = rulings.Rulings(Path(sys.argv[1]))\nwhile True:\n"
        "    one = rulings.given(Ruling('a', 'S1@0', 'defer'))\n    store.append([one])\n"
        "    print(one.id, flush=True)\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    reported: list[str] = []
    for writer in writers:
        assert writer.stdout
        reported += [writer.stdout.readline().strip() for _ in range(30)]
    for writer in writers:
        writer.kill()
        rest, _ = writer.communicate()
        reported += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    kept = [one.id for one in Rulings(tmp_path).entries]
    assert set(reported) <= set(kept)
    assert len(kept) == len(set(kept))


def test_plans_that_many_change_at_once_keep_every_change(world: World) -> None:
    """`confirm`, `triage --update` and `rule --export` each read the plan, and write it as a whole."""
    world.plan("a", policy={"should_fix": "ask"})
    world.agent(reviewer_a_0=ASKED)
    world.run(code=10)
    for number in range(1, 9):
        world.rule("a", f"S{number}@0", "defer")
    for number in range(2, 5):
        world.issue(number, f"# Thing {number}\n\nPlease make thing {number} work in other{number}.txt.\n")
    world.commit({})
    started = [world.start("triage", "--batch", "b", "--update", str(number)) for number in range(2, 5)]
    started += [world.start("rule", "--export") for _ in range(3)]
    ended = [process.wait() for process in started]
    plan = reader.read_plan(world.checkout / "plans/b.yaml")
    added = [number for number, done in zip(range(2, 5), ended, strict=False) if done.code == 0]
    assert added, [done.out for done in ended]
    assert sorted(one for unit in plan.units for one in unit.issues) == [1, *added]
    assert all("was changed meanwhile" in done.out for done in ended[:3] if done.code)
    assert [done.code for done in ended[3:]] == [0, 0, 0], [done.out for done in ended]
    assert len(plan.rulings) == 8


# ---- with a plan, and without


def asking(world: World, **policy: str) -> World:
    world.plan("a", policy={"should_fix": "ask"} | policy)
    world.agent(reviewer_a_0=review("should_fix", should_fix=[item("one"), item("two")]))
    world.run(code=10)
    return world


def test_checking_the_plan_out_loses_no_ruling_and_an_export_is_one_edit_for_a_commit(world: World) -> None:
    asking(world, merge="ask")
    plan = world.checkout / "plans/b.yaml"
    plan.write_text("# mine\n" + plan.read_text())
    world.commit({}, "docs: a comment")
    before = plan.read_text()
    world.rule("a", "S1@0", "defer")
    assert "not committed" not in world.waves("status").out
    world.git("checkout", "-q", "--", "plans")
    world.rule("a", "S2@0", "defer")
    assert world.git("status", "--porcelain") == ""

    assert world.waves("rule", "--export").out == "plans/b.yaml: 2 rulings added; commit it\n"
    assert plan.read_text().startswith(before)
    assert world.waves("rule", "--export", "b").out == "plans/b.yaml: has every ruling already\n"
    world.run(code=10)  # neither exported nor checked out again counts as another plan, nor twice
    world.commit({}, "chore: rulings")
    assert world.run(code=10).asks() == ["waves rule a merge@0 approve"]
    world.rule("a", "merge@0", "approve")
    world.run()
    assert world.paid("corrector") == []


def test_a_plan_that_holds_rulings_goes_on_by_them(world: World) -> None:
    held = [{"unit": "a", "item": "S1@0", "ruling": "correct"}, {"unit": "a", "item": "S2@0", "ruling": "defer"}]
    asking(world)
    world.write_plan("a", policy={"should_fix": "ask"}, rulings=held)
    world.rule("a", "S1@0", "defer")
    world.run()
    assert world.landed() == ["Thing 1"]
    assert world.paid("corrector") == []


def test_a_ruling_is_taken_back(world: World) -> None:
    asking(world)
    assert world.waves("rule", "a", "S1@0", "withdraw", code=2).out == "a: there is no ruling on S1@0; there are none\n"
    world.rule("a", "S1@0", "defer")
    world.rule("a", "S2@0", "defer")
    done = world.waves("rule", "a", "S1@0", "withdraw", "--why", "on second thoughts")
    assert done.out == "b: a S1@0 withdraw is stored; `doit` goes by it\n"
    assert world.run(code=10).asks() == ["waves rule a S1@0 correct"]
    world.rule("a", "S1@0", "correct")
    world.run()
    assert world.paid("corrector") == ["corrector a 1 1"]


def test_a_retry_that_has_run_is_not_taken_back(world: World) -> None:
    world.plan("a")
    world.agent(reviewer_a_0="exit 1")
    world.run(code=10)
    world.rule("a", "review@0", "retry")
    world.rule("a", "review@0", "withdraw")
    assert world.run(code=10).asks() == ["waves rule a review@0 retry"]
    assert world.paid("reviewer") == ["reviewer a 0 1", "reviewer a 0 2"]
    world.rule("a", "review@0", "retry")
    world.run(code=10)
    done = world.waves("rule", "a", "review@0", "withdraw", code=2)
    assert done.out == "a: review@0 ran again already; rule on what came of it\n"
    world.agent(reviewer_a_0=review())
    world.rule("a", "review@0", "retry")
    world.run()
    assert world.landed() == ["Thing 1"]


def test_rulings_come_back_with_the_records(world: World) -> None:
    asking(world, merge="ask")
    world.rule("a", "S1@0", "defer")
    world.rule("a", "S2@0", "defer")
    (world.checkout / STORE).unlink()
    assert "its records are here, and 2 of its rulings are back" in world.waves("recover").out
    world.git("clean", "-qffdx")
    world.waves("recover")
    assert len((world.checkout / STORE).read_text().splitlines()) == 2
    second = world.clone(world.folder / "second", name="Cy")
    world.waves("recover", "--take-over", at=second)
    assert world.run(code=10, at=second).asks() == ["waves rule a merge@0 approve"]
    assert world.paid("corrector") == []


def test_without_a_remote_a_ruling_is_stored_here_and_published_later(world: World) -> None:
    asking(world, merge="ask")
    away = world.origin.rename(world.folder / "away.git")
    done = world.waves("rule", "a", "S1@0", "defer")
    assert done.out.startswith("b: a S1@0 defer is stored, here alone (origin is no repository")
    away.rename(world.origin)
    world.rule("a", "S2@0", "defer")
    claim = json.loads(world.git("log", "-1", "--format=%B", "refs/waves/b/a/claim", at=world.origin))
    assert len(claim["files"]["rulings.jsonl"].splitlines()) == 2


def test_a_ruling_that_is_given_while_doit_runs_counts_for_the_next_step(world: World) -> None:
    world.plan("a", "c", policy={"should_fix": "ask", "merge": "ask"})
    world.agent(implementer_c_0_1=world.gate() + commit(c_txt="c"))
    run = world.start("run")
    run.until("waiting: approved; policy.merge is `ask`")
    with world.open_gate():
        world.rule("a", "merge@0", "approve")
        world.rule("c", "unit", "drop")
    done = run.wait()
    assert "c: dropped" in done.out
    assert world.paid("reviewer c") == []
    until(lambda: world.run(code=None).code == 0, "the approved unit is merged")
    assert world.landed() == ["Thing 1"]
    assert world.audit()["made-by-runs"] == NOTHING_AMISS["made-by-runs"]
