from __future__ import annotations

import shutil

import pytest
from loop_world import Ran, World, starter

# What a codex says that Waves only has to look at.
CODEX = """
case "$1" in
--version) echo "codex-cli {version}" ;;
login) exit {login} ;;
sandbox) echo "bwrap: no permissions" >&2; exit 1 ;;
esac
"""


def doctor(world: World, *arguments: str, code: int = 1, codex: str = "", git: str = "", **variables: str) -> Ran:
    """`waves doctor` on a machine that has git, a shell and a codex that is this script."""
    place = world.folder / "bin"
    place.mkdir()
    for name in ("sh", "env", "git"):
        (place / name).symlink_to(str(shutil.which(name)))
    for name, script in (("codex", codex), ("git", git)):
        if script:
            (place / name).unlink(missing_ok=True)
            (place / name).write_text(f"#!/bin/sh\n{script}\n")
            (place / name).chmod(0o755)
    temporary = world.folder / "tmp"
    temporary.mkdir()
    environment = world.environment | {"PATH": str(place), "TMPDIR": str(temporary)} | variables
    found = starter().start(["doctor", *arguments], world.checkout, environment, world.folder).wait()
    assert found.code == code, found.out
    return found


def test_a_machine_that_has_all_a_plan_needs_is_well(world: World) -> None:
    world.plan("a")
    found = doctor(world, code=0)
    assert found.line(" git:").startswith("ok   git: git version 2.")
    assert "GiB free at" in found.line(" disk:")
    assert found.line("forge of b") == "ok   forge of b: local: origin answers, issue #1 can be read"
    assert "codex" not in found.out.replace(str(world.folder), "")  # the plan's agent is another


def test_without_a_plan_codex_is_looked_for(world: World) -> None:
    found = doctor(world)
    assert found.line(" codex:") == (
        "bad  codex: codex is not on the path: `npm install -g @openai/codex`, then `waves doctor`"
    )


def test_an_older_codex_is_told_and_one_that_cannot_work_is_bad(world: World) -> None:
    found = doctor(world, codex=CODEX.format(version="0.99.0", login=1))
    assert found.line("0.99.0").startswith("note codex: 0.99.0 at ")
    assert "tested with 0.169.0" in found.line("0.99.0")
    assert found.line(" login:") == "bad  login: codex is not logged in; `codex login`, or set CODEX_API_KEY"
    assert found.line(" sandbox:").startswith("bad  sandbox: bwrap: no permissions; see docs/codex.md")


def test_a_newer_codex_is_accepted(world: World) -> None:
    found = doctor(world, codex=CODEX.format(version="1.2.3", login=0))
    assert "1.2.3 at " in found.line(" codex:")
    assert found.line(" login:") == "ok   login: codex is logged in"


def test_a_home_of_codex_among_temporary_files_is_bad(world: World) -> None:
    variables = {"TMPDIR": str(world.folder), "CODEX_HOME": str(world.folder / "codex"), "CODEX_API_KEY": "x"}
    found = doctor(world, codex=CODEX.format(version="0.169.0", login=1), **variables)
    assert "where codex refuses to work; move it" in found.line(" CODEX_HOME:")
    assert found.line(" login:") == "ok   login: by CODEX_API_KEY"


@pytest.mark.parametrize(
    ("env", "variables", "line"),
    [
        ([], {}, "bad  provider mine: its key MY_KEY is not set; set MY_KEY"),
        ([], {"MY_KEY": "x"}, "bad  provider mine: codex does not get MY_KEY; add it to the plan: `env: [MY_KEY]`"),
        (["MY_KEY"], {"MY_KEY": "x"}, "ok   provider mine: http://127.0.0.1:1/v1"),
    ],
)
def test_a_provider_needs_its_key(world: World, env: list[str], variables: dict[str, str], line: str) -> None:
    config = {"model_provider": "mine", "model_providers.mine.base_url": "http://127.0.0.1:1/v1",
              "model_providers.mine.env_key": "MY_KEY"}  # fmt: skip
    world.plan("a", agent={"kind": "codex", "config": config, "env": env}, policy={"sandbox": "danger-full-access"})
    found = doctor(world, code=int(line.startswith("bad")), codex=CODEX.format(version="0.169.0", login=1), **variables)
    assert found.line(" provider ") == line
    assert " sandbox:" not in found.out  # the plan wants none


def test_an_old_git_is_bad(world: World) -> None:
    found = doctor(world, git='[ "$1" = --version ] && echo "git version 2.30.1" || exec /usr/bin/git "$@"', code=1)
    assert found.line(" git:") == "bad  git: git version 2.30.1; Waves needs 2.38 or newer: install it"


def test_a_remote_that_does_not_answer_is_bad(world: World) -> None:
    world.plan("a")
    world.git("remote", "set-url", "origin", "../nowhere.git")
    assert (
        doctor(world)
        .line("forge of b")
        .startswith("bad  forge of b: origin is no repository, or one that you may not see")
    )


def test_a_password_in_the_remotes_address_is_noted_and_not_shown(world: World) -> None:
    world.plan("a")
    world.git("remote", "set-url", "origin", "https://ana:hunter2hunter2@localhost:1/acme/widgets.git")
    done = world.waves("doctor", "b", code=1)
    assert "origin of b: its address holds a password" in done.out
    assert "hunter2" not in done.out


def test_a_plan_with_a_fault_is_bad(world: World) -> None:
    world.plan("a")
    (world.checkout / "plans/b.yaml").write_text("batch: b\n")
    assert "`waves check b`" in doctor(world).line("b.yaml:")
