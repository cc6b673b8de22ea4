"""The whole loop with content filters: agents, Waves and checks see files as a plain worktree shows them."""

from __future__ import annotations

import sys

import pytest
from loop_world import World

SECRET, STORED = "the password is swordfish", "gur cnffjbeq vf fjbeqsvfu"
ROT = "tr a-zA-Z n-za-mN-ZA-M"
AT_WORK = """
cp db.secret "$LOOP_SCENARIO/seen"; git status --porcelain > "$LOOP_SCENARIO/status"
echo "a new word" > new.secret; echo "Have a nice day." > greeting.txt
git add --all; git commit -qm "feat: work"
"""
# A filter that git starts once, as `process`: the protocol's least, for clean and smudge.
LONG_RUNNING = """
import codecs, sys

def packets():
    while size := int(sys.stdin.buffer.read(4) or b"0", 16):
        yield sys.stdin.buffer.read(size - 4)

def send(*packets):
    for one in packets:
        sys.stdout.buffer.write(b"%04x" % (len(one) + 4) + one)
    sys.stdout.buffer.write(b"0000")
    sys.stdout.buffer.flush()

list(packets())
send(b"git-filter-server\\n", b"version=2\\n")
list(packets())
send(b"capability=clean\\n", b"capability=smudge\\n")
while list(packets()):
    content = b"".join(packets())
    send(b"status=success\\n")
    send(codecs.encode(content.decode(), "rot13").encode())
    send()
"""


def define(world: World, name: str = "rot", **parts: str) -> None:
    for part, value in parts.items():
        world.git("config", "--global", f"filter.{name}.{part}", value)


def pair(world: World) -> None:
    define(world, clean=ROT, smudge=ROT, required="true")


def not_required(world: World) -> None:
    define(world, clean=ROT, smudge=ROT)


def told_the_path(world: World) -> None:
    script = world.folder / "by path"
    script.write_text(f'#!/bin/sh\ncase "$1" in *.secret) {ROT} ;; *) exit 1 ;; esac\n')
    script.chmod(0o755)
    define(world, clean=f"'{script}' %f # 100%%", smudge=f"'{script}' %f", required="true")


def long_running(world: World) -> None:
    script = world.folder / "filter.py"
    script.write_text(LONG_RUNNING)
    define(world, process=f"'{sys.executable}' '{script}'", required="true")


def secrets(world: World, **plan: object) -> World:
    """A base with an encrypted file, which only the person's filter can read."""
    world.commit({".gitattributes": "*.secret filter=rot\n", "db.secret": f"{SECRET}\n"})
    assert world.git("show", "main:db.secret", at=world.origin) == STORED
    world.agent(implementer=AT_WORK)
    world.plan("a", **plan)
    return world


@pytest.mark.parametrize("defined", [pair, not_required, told_the_path, long_running])
def test_an_allowed_filter_runs_for_agents_for_waves_and_for_checks(world: World, defined: object) -> None:
    defined(world)  # type: ignore[operator]
    checks = [f'grep -q "{SECRET}" db.secret', 'grep -q "a new word" new.secret || ! test -e new.secret']
    secrets(world, setup={"filters": ["rot"]}, local={"checks": checks})
    world.run()
    assert (world.scenario / "seen").read_text() == f"{SECRET}\n"
    assert (world.scenario / "status").read_text() == ""
    assert world.tree() | {"db.secret": STORED, "new.secret": "n arj jbeq"} == world.tree()
    assert world.worktrees() == []
    fresh = world.clone(world.folder / "fresh")
    assert (fresh / "db.secret").read_text() == f"{SECRET}\n"
    assert world.git("status", "--porcelain", at=fresh) == ""


@pytest.mark.parametrize("place", [".gitattributes", "below/.gitattributes", "macro", "info", "person"])
def test_nothing_is_dispatched_until_a_filter_is_decided(world: World, place: str) -> None:
    pair(world)
    world.commit({"db.secret": "x\n"})
    line = "*.secret filter=rot\n"
    where = f"{place}:1"
    if place == "macro":
        where = ".gitattributes:2"
        world.commit({".gitattributes": "# ours\n[attr]encrypted filter=rot diff\n*.secret encrypted\n"})
    elif place == "info":
        where = "info/attributes:1"
        (world.checkout / ".git/info/attributes").write_text(line)
    elif place == "person":
        own = world.folder / "my attributes"
        own.write_text(line)
        where = f"{own}:1"
        world.git("config", "--global", "core.attributesFile", str(own))
    else:
        world.commit({place: line})
    world.plan("a")
    asked = f"{where} asks for the filter 'rot'"
    assert asked in world.run(code=10).out
    assert world.paid() == []
    assert asked in world.waves("check", code=None).out.replace("\n", " ")
    assert asked in world.waves("doctor", code=None).out
    world.plan("a", setup={"filters": ["rot"]})
    world.run()
    assert world.landed() == ["Thing 1"]


def test_without_filters_everybody_sees_what_is_stored_and_nobody_can_add_to_it(world: World) -> None:
    pair(world)
    secrets(world, setup={"filters": []}, local={"checks": [f'grep -q "{STORED}" *.secret']})
    told = world.run(code=10).out
    assert (world.scenario / "seen").read_text() == f"{STORED}\n"
    assert "new.secret: the filter 'rot' is for such files" in told
    assert world.pulls() == {}
    world.agent(implementer='git rm -q new.secret; git mv db.secret moved.secret; git commit -qm "feat: move"')
    world.rule("a", "implement", "retry")
    world.run()
    assert world.tree()["moved.secret"] == STORED


def test_the_repositorys_own_settings_define_no_filter(world: World) -> None:
    """An agent without a sandbox can write to them."""
    evil = world.folder / "evil"
    pair(world)
    secrets(world, setup={"filters": ["rot"]})
    for part in ("clean", "smudge"):
        world.git("config", f"filter.rot.{part}", f"touch '{evil}'; cat")
    world.run()
    assert world.tree()["new.secret"] == "n arj jbeq"
    assert not evil.exists()


def test_a_filter_that_only_the_repository_defines_is_for_the_person_to_take_over(world: World) -> None:
    pair(world)
    secrets(world, setup={"filters": ["rot"]})
    for part in ("clean", "smudge", "required"):
        value = world.git("config", "--global", "--get", f"filter.rot.{part}")
        world.git("config", "--local", f"filter.rot.{part}", value)
        world.git("config", "--global", "--unset", f"filter.rot.{part}")
    told = world.run(code=10).out
    assert f"git config --global filter.rot.clean '{ROT}'" in told
    assert world.paid() == []
    world.git("config", "--local", "--remove-section", "filter.rot")
    assert "'rot', which your git does not have" in world.run(code=10).out
    define(world, clean="no-such-program-here", smudge="cat")
    assert "its program no-such-program-here is not installed" in world.run(code=10).out


def test_a_filter_can_write_nothing_and_reach_nothing(world: World) -> None:
    trace = world.folder / "trace"
    define(world, clean=f"(echo x > '{trace}') 2> /dev/null; env | grep -c LOOP_TOKEN > $TMPDIR/n; {ROT}", smudge=ROT)
    world.commit({".gitattributes": "*.secret filter=rot\n", "db.secret": f"{SECRET}\n"})
    world.extra["LOOP_TOKEN"] = "t"
    git = "git -c filter.rot.clean= -c filter.rot.required=false"
    world.agent(
        implementer=f"sed -i s/swordfish/trout/ db.secret; echo y > greeting.txt; {git} add greeting.txt; "
        f'{git} commit -qm "feat: work"'
    )
    world.plan("a", setup={"filters": ["rot"]})
    trace.unlink()
    told = world.run(code=10).out
    assert "left uncommitted: db.secret" in told  # so Waves did run the filter
    assert not trace.exists()


def test_a_hostile_path_is_only_a_path(world: World) -> None:
    told_the_path(world)
    world.commit({".gitattributes": "*.secret filter=rot\n"})
    name = "$(touch evil) ' \" %f `touch evil`.secret"
    world.agent(implementer=f"cat > name <<'END'\n{name}\nEND\n" + 'echo "a word" > "$(cat name)"; rm name; '
                            'git add --all; git commit -qm "feat: work"')  # fmt: skip
    world.plan("a", setup={"filters": ["rot"]})
    world.run()
    assert world.git("show", "-z", "--format=", "--name-only", "main", at=world.origin).rstrip("\0") == name
    assert world.git("show", f"main:{name}", at=world.origin) == "n jbeq"
    assert list(world.folder.rglob("evil")) == []


def test_what_clean_strips_is_no_change(world: World) -> None:
    """Such as nbstripout, which has a clean side alone."""
    define(world, "strip", clean="sed s/output.*//", smudge="cat", required="true")
    world.commit({".gitattributes": "*.ipynb filter=strip\n", "a.ipynb": "code\noutput 1\n"})
    world.agent(implementer='printf "code\\noutput 9\\n" > a.ipynb; echo y > greeting.txt; '
                            'git add --all; git commit -qm "feat: work"')  # fmt: skip
    world.plan("a", setup={"filters": ["strip"]})
    told = world.run().out
    assert "uncommitted" not in told
    assert world.git("diff", "--name-only", "main~1", "main", at=world.origin) == "greeting.txt"
    assert world.worktrees() == []


def test_an_agent_may_not_ask_for_a_filter_that_nobody_allowed(world: World) -> None:
    pair(world)
    world.agent(
        implementer='echo "*.txt filter=rot" > .gitattributes; echo hi > a.txt; git add --all; git commit -qm "feat: x"'
    )
    world.plan("a")
    assert (
        ".gitattributes:1 asks for the filter 'rot', which `setup.filters` of the plan does not"
        in world.run(code=10).out
    )
    assert world.pulls() == {}


def test_a_reviewer_of_filtered_files_is_no_writer(world: World) -> None:
    pair(world)
    secrets(world, setup={"filters": ["rot"]})
    world.agent(
        reviewer="touch db.secret new.secret; git status > /dev/null; git diff --stat HEAD\n"
        + world.scripts["reviewer"]
    )
    world.run()
    assert world.paid("reviewer") == ["reviewer a 0 1"]


def test_what_a_reviewer_did_to_a_filtered_file_is_put_back_however_long_it_is(world: World) -> None:
    pair(world)
    long = f"{SECRET}\n" * 60_000
    world.commit({".gitattributes": "*.secret filter=rot\n", "db.secret": long})
    world.agent(reviewer_a_0_1="echo gone > db.secret\n" + world.scripts["reviewer"])
    world.agent(reviewer_a_0_2='cp db.secret "$LOOP_SCENARIO/seen"\n' + world.scripts["reviewer"])
    world.plan("a", setup={"filters": ["rot"]})
    told = world.run().out
    assert "db.secret put back" in told
    assert (world.scenario / "seen").read_text() == long
