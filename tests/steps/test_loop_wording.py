"""A commit message that a forge would act on is reworded by a corrector before anything is pushed."""

from __future__ import annotations

import pytest
from loop_world import CORRECT, IMPLEMENT, World, item, review

AMEND = 'git commit -q --amend -m "feat: $WAVES_UNIT, in plain words"'


def commits(*messages: str) -> str:
    """A script that commits once for each message."""
    return "\n".join(
        f"echo {number} > ${{WAVES_UNIT}}{number}.txt; git add --all; git commit -qF - <<'END'\n{text}\nEND"
        for number, text in enumerate(messages)
    )


def pushed(world: World) -> str:
    """Every message in the remote, of whatever was ever pushed."""
    ids = world.git("cat-file", "--batch-all-objects", "--batch-check", at=world.origin).splitlines()
    found = [line.split()[0] for line in ids if line.split()[1] == "commit"]
    return "\n".join(world.git("log", "-1", "--format=%B", one, at=world.origin) for one in found)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("Closes #999", "refers to #999"),
        ("fixed: GH-999", "refers to GH-999"),
        ("resolves https://github.com/acme/other/issues/999", "refers to https://github.com/acme/other/issues/999"),
        ("[skip ci]", "skips CI by `[skip ci]`"),
        ("skip-checks: true", "skips CI by `skip-checks: true`"),
        ("thanks @acme/core", "mentions @acme/core"),
        ("Co-authored-by: Robot <robot@example.org>", "has the trailer `Co-authored-by:`"),
    ],
)
def test_a_form_is_reworded_before_the_push(world: World, form: str, said: str) -> None:
    world.plan("a")
    world.agent(implementer_a=commits(f"feat: a\n\n{form}"), corrector_a=AMEND)
    done = world.run()
    assert said in done.line("rewords 1 commit message")
    assert world.states() == {"a": "merged"}
    assert form not in pushed(world)
    assert "feat: a, in plain words" in pushed(world)
    assert [one.split()[0] for one in world.paid()] == ["corrector", "implementer", "reviewer"]
    assert not any(world.audit().values())


def test_the_units_own_lines_and_ordinary_words_cost_nothing(world: World) -> None:
    world.plan("a")
    world.agent(implementer_a=commits("feat: a\n\nFixes #1\nCloses: GH-1", "docs: use `@dataclass`, see issue 9"))
    world.run()
    assert [one.split()[0] for one in world.paid()] == ["implementer", "reviewer"]
    assert "Fixes #1\nCloses: GH-1" in pushed(world)


def test_the_corrector_is_told_which_messages_and_that_no_file_changes(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a=commits("feat: one\n\nCloses #999", "feat: two", "feat: three [skip ci]"),
        corrector_a="git reset -q --soft HEAD~3; " + AMEND.replace("--amend ", ""),
    )
    world.run()
    name = next(one for one in world.paid() if one.startswith("corrector"))
    prompt = world.prompt(name)
    assert "('feat: one') refers to #999" in prompt
    assert "('feat: three [skip ci]') skips CI by `[skip ci]`" in prompt
    assert "feat: two" not in prompt
    assert "Only the messages change" in prompt
    assert world.git("show", "main:a0.txt", at=world.origin) == "0"
    assert world.git("show", "main:a2.txt", at=world.origin) == "2"


def test_a_corrector_that_leaves_a_form_or_changes_a_file_gets_one_more_run_and_then_a_person(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a=commits("feat: a [skip ci]"),
        corrector_a="echo x > more.txt; git add --all; " + AMEND,
    )
    done = world.run(code=10)
    assert "it changed files, and was only to reword commit messages: they must be as in" in done.line("  a: ")
    assert len(world.paid("corrector")) == 2
    assert "[skip ci]" not in pushed(world)
    world.agent(corrector_a="git rm -q more.txt; " + AMEND)
    world.rule("a", "implement", "retry")
    world.run()
    assert world.states() == {"a": "merged"}
    assert len(world.paid("implementer")) == 1


def test_what_a_corrector_commits_is_reworded_too(world: World) -> None:
    world.plan("a")
    world.agent(
        implementer_a=IMPLEMENT,
        reviewer_a_0=review("blocking", blocking=[item()]),
        corrector_a_1_1=CORRECT + 'git commit -q --amend -m "fix: a for @ana"',
        corrector_a_1_2='git commit -q --amend -m "fix: a for Ana"',
    )
    world.run()
    assert world.states() == {"a": "merged"}
    assert "@ana" not in pushed(world)
    assert len(world.paid("corrector")) == 2
    assert not any(world.audit().values())


def test_a_kill_between_the_two_runs_pays_for_none_of_them_again(world: World) -> None:
    world.plan("a")
    hold = world.gate()
    world.agent(implementer_a=commits("feat: a [skip ci]"), corrector_a=f"{hold}\n{AMEND}")
    running = world.start("run")
    with world.open_gate():
        running.kill()
    world.run()
    assert world.states() == {"a": "merged"}
    assert [one.split()[0] for one in world.paid()] == ["corrector", "implementer", "reviewer"]
    assert "[skip ci]" not in pushed(world)
