"""Secrets of whoever runs Waves, each with a word in it that is then looked for everywhere."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from pathlib import Path

from loop_world import IMPLEMENT, World, item, written

CANARY = "canary-"
PASTED = "ghp_" + "a1B2c3D4e5" * 4  # by a stranger, into an issue
VARIABLES = {
    "GITHUB_TOKEN": "canary-github", "GH_TOKEN": "canary-gh", "WAVES_REVIEWER_TOKEN": "canary-reviewer",
    "AWS_SECRET_ACCESS_KEY": "canary-aws", "NTFY_TOKEN": "canary-ntfy", "HOOK": "http://127.0.0.1:9/canary-hook",
    "DIARY": "canary-diary",
}  # fmt: skip
NOTIFY = {
    "on": ["escalated"], "webhook": "HOOK",
    "ntfy": {"topic": "t", "server": "http://127.0.0.1:9", "token": "NTFY_TOKEN"},
}  # fmt: skip
# What an agent can see of secrets without looking into anybody's files: in whatever runs at the moment, and around it.
LOOK = """
env > "$LOOP_SCENARIO/env-$$"
cat /proc/[0-9]*/cmdline > "$LOOP_SCENARIO/commands-$$" 2>&1 || true
read -r _ _ _ above _ < "/proc/$PPID/stat"  # the run's parent, whose child this script's own parent is
cat "/proc/$above/environ" > "$LOOP_SCENARIO/above-$$"
tr '\\0' ' ' < "/proc/$above/cmdline" | grep -q 'parent.main'
"""
TELL = 'echo "I read $(cat .env)"; echo "and again: $(cat .env)" >&2; cat .env > "$WAVES_OUTPUT"\n'
COMMIT_IT = "cp .env settings.txt; git add --all; git commit -qm 'feat: settings'\n"
ANEW = "git reset -q --soft HEAD~1; git rm -qf settings.txt; git commit -qm 'feat: anew'\n"


def saying(world: World, name: str, text: str) -> str:
    """A script that leaves a last message which does not stand in the script: that is on a command line."""
    folder = world.folder / "answers"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return f'cat {folder / name} | tee "$WAVES_OUTPUT"; cat {folder / name} >&2\n'


def journaling(world: World, *programs: str) -> None:
    """Put programs on the path that write down how they are called, and are the real ones otherwise."""
    folder = world.folder / "bin"
    folder.mkdir()
    for name in programs:
        real = shutil.which(name)
        text = f'#!/bin/sh\nprintf "%s\\n" "$*" >> {world.scenario}/called-{name}\nexec {real} "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    world.extra["PATH"] = f"{folder}:{os.environ['PATH']}"


def holding(word: str, *places: Path) -> list[str]:
    """The files that hold a word, as it is or in the base64 of something that has it."""
    shifted = (base64.b64encode(b"x" * shift + word.encode()) for shift in range(3))
    forms = (word.encode(), *(one[4:-4] for one in shifted))  # without what depends on what stands beside it
    files = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place])]
    sound = [path for path in files if stat.S_ISREG(path.lstat().st_mode)]
    return [str(path) for path in sound if any(form in path.read_bytes() for form in forms)]


def places(world: World) -> list[Path]:
    """All that Waves, git, agents and the forge wrote: what was asked, said, kept and printed; but for raw CI logs."""
    return [
        world.checkout / ".waves", world.checkout / ".git", world.forge / "pulls", world.forge / "comments",
        world.origin, world.scenario,
        *world.folder.glob("output-*"),
    ]  # fmt: skip


def told(world: World) -> str:
    """What the remote's commits say, but for the issues, which live there too."""
    return world.git("log", "--all", "-p", "--format=fuller", "--", ".", ":!issues", at=world.origin)


def test_no_variable_of_whoever_runs_waves_reaches_anything(world: World) -> None:
    world.extra |= VARIABLES
    (world.checkout / ".env").write_text("STRIPE_KEY=canary-dotenv\n")
    with (world.checkout / ".git/info/exclude").open("a") as file:
        file.write("/.env\n")
    journaling(world, "git")
    world.issue(1, f"# Mend it {PASTED}\n\nMy token is {PASTED}, and the bot's canary-github.\n")
    world.plan("a", {"unit": "b", "issues": [2]}, notify=NOTIFY)
    found = item(f"do not print canary-aws or {PASTED}", fix=f"away with {VARIABLES['HOOK']}")
    blocking = saying(world, "blocking", written("blocking", blocking=[found]))
    world.agent(
        implementer=LOOK + IMPLEMENT, reviewer=LOOK + world.scripts["reviewer"], reviewer_a_0=LOOK + blocking,
        corrector=LOOK + world.scripts["corrector"], reviewer_b=saying(world, "refusal", "I can't: canary-ntfy"),
    )  # fmt: skip
    done = world.run(code=10)
    assert "flag: issue #1 tells a GitHub token, GITHUB_TOKEN: agents are not told it, but revoke it" in done.out
    assert world.states() == {"a": "merged", "b": "escalated"}
    world.waves("report", "-o", "-")
    asked = world.comments("feat/a")["cycle-0"]
    assert "do not print [secret: AWS_SECRET_ACCESS_KEY] or [secret: a GitHub token]" in asked.replace("\\", "")
    prompt = world.prompt("implementer a 0 1")
    assert "My token is [secret: a GitHub token], and the bot's [secret: GITHUB_TOKEN]." in prompt
    assert "Mend it [secret: a GitHub token]" in world.merged()[0]
    for word in (CANARY, PASTED):
        assert holding(word, *places(world)) == []
        assert word not in told(world)
    assert len(list(world.scenario.glob("env-*"))) == 5
    assert len(list(world.scenario.glob("above-*"))) == 5


def test_what_an_agent_was_given_is_not_published_by_it(world: World) -> None:
    (world.checkout / ".env").write_text("export STRIPE_KEY='canary-dotenv'\n")
    with (world.checkout / ".git/info/exclude").open("a") as file:
        file.write("/.env\n")
    red_once = "echo token ghp_$(printf a1B2c3D4e5%.0s 1 2 3 4); test -e mended.txt"
    set_up = {"copy": [".env"], "run": ["test ! -e .env || { cat .env >&2; test -e ~/ready; }"]}
    world.plan("a", setup=set_up, local={"checks": [red_once]})
    named = saying(world, "named", written(nits=[item("why is canary-dotenv there?")]))
    world.agent(
        implementer_a_0_1=TELL + IMPLEMENT + "\n" + COMMIT_IT,
        implementer_a_0_2=TELL + "echo 2 > two.txt; git add two.txt\n" + ANEW,
        reviewer_a_0="cat .env\n" + named,
        corrector_a_1_1=TELL + COMMIT_IT, corrector_a_1_2=TELL + "echo 3 > mended.txt; git add mended.txt\n" + ANEW,
    )  # fmt: skip
    failed = world.run(code=1).line("  a: broken: setup command")
    assert "export STRIPE_KEY='[secret: STRIPE_KEY]'; it had no network" in failed
    assert holding(CANARY, *world.checkout.glob(".worktrees/*.setup.log")) == []
    (world.home / "ready").touch()
    done = world.run()
    assert "its commits hold the value of STRIPE_KEY, which must not be published" in done.out
    assert world.paid() == [
        "corrector a 1 1", "corrector a 1 2", "implementer a 0 1", "implementer a 0 2",
        "reviewer a 0 1", "reviewer a 1 1",
    ]  # fmt: skip
    assert world.states() == {"a": "merged"}
    world.waves("report", "-o", "-")
    assert "token [secret: a GitHub token]" in world.prompt("corrector a 1 1")
    assert "why is [secret: STRIPE_KEY] there?" in world.comments("feat/a")["cycle-0"].replace("\\", "")
    for word in (CANARY, PASTED):
        assert holding(word, *places(world)) == []
        assert word not in told(world)
