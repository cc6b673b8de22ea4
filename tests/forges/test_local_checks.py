from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from local_world import World, python, run_git

from waves import git
from waves.forges import Checks
from waves.forges.local.checking import TAIL, readable
from waves.forges.local.forge import LocalForge
from waves.foundation.confinement import Missing, find
from waves.foundation.errors import ForgeError, GitError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def no_bubblewrap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that forbids it: it is installed, and fails."""
    (folder / "bin").mkdir()
    (folder / "bin" / "bwrap").write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    (folder / "bin" / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


@pytest.fixture(params=["plain", "confined"])
def anyhow(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to run a check; confined is skipped where bubblewrap does not work."""
    if request.param == "plain":
        no_bubblewrap(tmp_path, monkeypatch)
    elif isinstance(find(), Missing):
        pytest.skip("bubblewrap does not work here")
    return str(request.param)


@pytest.fixture
def confined(tmp_path: Path) -> None:
    if isinstance(find(), Missing):
        pytest.skip("bubblewrap does not work here")


def run(world: World, *commands: str, timeout: float = 60.0, setup: tuple[str, ...] = ()) -> Checks:
    return world.forge(world.plan(*commands, timeout=timeout, setup=setup)).checks(world.head("main"))


def red_tail(checks: Checks) -> str:
    assert checks.state == "red", checks
    return next(check.tail for check in checks.checks if check.state == "red")


# ---- what runs where


def test_without_commands_there_are_no_checks(world: World) -> None:
    head = world.head("main")
    assert world.forge().checks(head) == Checks(head, "none")
    assert world.forge().checks_of_merge(head, head).state == "none"


@pytest.mark.usefixtures("anyhow")
def test_every_command_runs_on_exactly_that_commit(world: World) -> None:
    old = world.head("main")
    run_git(world.checkout, "tag", "v1")
    run_git(world.checkout, "push", "--quiet", "origin", "v1")
    world.commit("main", {"app.py": "later\n"})
    (world.checkout / "untracked.txt").write_text("not seen\n")
    commands = (
        'test "$(cat app.py)" = "$(printf \'one\\ntwo\\nthree\')" && ! test -e untracked.txt',
        'test "$(git rev-parse HEAD)" = ' + old,
        'test "$(git describe --tags)" = v1 && test "$(git remote)" = origin && test -z "$(git status --porcelain)"',
    )
    found = world.forge(world.plan(*commands)).checks(old)
    assert (found.commit, found.state) == (old, "green"), found
    assert [(check.name, check.state, check.tail) for check in found.checks] == [(one, "green", "") for one in commands]
    assert list((world.state / "checkouts").iterdir()) == []


@pytest.mark.usefixtures("anyhow")
def test_a_red_command_says_how_it_ended_and_does_not_stop_the_others(world: World) -> None:
    found = run(world, "echo out; echo err >&2; exit 3", "true")
    assert [check.state for check in found.checks] == ["red", "green"]
    assert red_tail(found).startswith("out\nerr\n[exit code 3")
    assert found.checks[0].url.endswith(f"origin.forge/checks/{found.commit}.json")


@pytest.mark.usefixtures("anyhow")
def test_the_environment_has_no_token_and_an_empty_home(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    tail = red_tail(run(world, 'env; ls -A "$HOME"; touch "$HOME/a" "$TMPDIR/b" && echo written; exit 1'))
    assert "secret" not in tail
    home = next(line for line in tail.splitlines() if line.startswith("HOME="))
    assert home.startswith(f"HOME={world.state}/checkouts/")
    assert tail.splitlines()[-2] == "written"


@pytest.mark.usefixtures("anyhow")
def test_the_python_of_the_path_runs_tests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    world.commit("main", {"test_app.py": "def test_app():\n    assert open('app.py').readline() == 'one\\n'\n"})
    found = run(world, "python -m pytest -q -p no:cacheprovider")
    assert found.state == "green", found


@pytest.mark.usefixtures("anyhow")
def test_a_program_of_the_path_is_found_with_its_installation_wherever_it_lies(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool" / "bin").mkdir(parents=True)
    (tmp_path / "tool" / "data").write_text("from the installation\n")
    (tmp_path / "tool" / "bin" / "say").write_text('#!/bin/sh\ncat "$(dirname "$0")/../data"; exit 1\n')
    (tmp_path / "tool" / "bin" / "say").chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{tmp_path / 'tool' / 'bin'}")
    assert red_tail(run(world, "say")).startswith("from the installation\n[exit code 1")


@pytest.mark.usefixtures("anyhow")
def test_setup_runs_first_and_what_follows_a_failed_one_does_not(world: World) -> None:
    assert run(world, "test -e made", setup=("touch made",)).state == "green"
    found = run(world, "test -e made", setup=("echo no registry; false", "touch made"))
    assert [(check.name, check.state) for check in found.checks] == [("setup: echo no registry; false", "red")]


@pytest.mark.usefixtures("anyhow")
def test_a_command_out_of_time_is_red_and_all_of_it_is_ended(world: World) -> None:
    tail = red_tail(run(world, "echo begun; sleep 1000 & sleep 1000", timeout=0.5))
    assert tail.startswith("begun\n[exit code 124, or out of time after 0.5 s")


def test_what_a_command_leaves_running_is_ended(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_bubblewrap(tmp_path, monkeypatch)
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    assert run(world, f"sleep 1000 > {tmp_path}/alive & true").state == "green"
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # the end of file: nobody holds it any more
    os.close(reader)


def test_one_that_leaves_the_group_with_the_output_open_is_not_waited_for(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_bubblewrap(tmp_path, monkeypatch)
    escape = "import os, time; os.setsid(); open('../../../pid', 'w').write(str(os.getpid())); time.sleep(1000)"
    command = f'python -c "{escape}" & while ! test -s ../../../pid; do :; done; echo done; exit 1'
    try:
        assert red_tail(run(world, command)).startswith("done\n[exit code 1")
    finally:
        os.kill(int((world.state / "pid").read_text()), signal.SIGKILL)


# ---- confinement


@pytest.mark.usefixtures("confined")
def test_a_confined_check_writes_nowhere_but_in_its_checkout(world: World) -> None:
    tracked, head = world.checkout / "app.py", world.origin / "HEAD"
    before = tracked.read_text(), head.read_text()
    name = f"waves-{uuid.uuid4()}"
    places = [world.folder, world.state, world.origin / "objects", Path.home(), Path("/var/tmp"), Path("/tmp")]
    made = [place / name for place in places]
    try:
        found = run(world, "; ".join(f"echo evil > {path}" for path in [tracked, head, *made]) + "; exit 1")
        assert "Read-only file system" in red_tail(found)
        assert (tracked.read_text(), head.read_text()) == before
        assert not [path for path in made if path.exists()]
    finally:
        for path in made:
            path.unlink(missing_ok=True)


@pytest.mark.usefixtures("confined")
def test_a_confined_check_sees_no_other_process_and_no_shared_folder(world: World, tmp_path: Path) -> None:
    assert tmp_path.is_relative_to("/tmp")
    (tmp_path / "socket").write_text("of an agent for keys\n")
    code = (
        f"import os; assert os.listdir('/run') == []; assert not os.path.exists('{tmp_path}/socket'); "
        f"os.kill({os.getpid()}, 0)"
    )
    assert "ProcessLookupError" in red_tail(run(world, f'python -c "{code}"'))


CONNECT_OUT = "python -c \"import socket; socket.create_connection(('{}', {}), 5)\""


@pytest.mark.usefixtures("confined")
def test_a_confined_check_has_a_network_only_if_the_plan_says_so(world: World) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        command = CONNECT_OUT.format("127.0.0.1", server.getsockname()[1])
        tail = red_tail(run(world, command))
        assert "ConnectionRefusedError" in tail
        assert "[exit code 1 (no network here: `policy.network: true` gives it; writable: " in tail
        again = world.forge(world.plan(command + " ", sandbox="danger-full-access"))
        assert again.checks(world.head("main")).state == "green"


def test_where_bubblewrap_is_forbidden_checks_run_without_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_bubblewrap(tmp_path, monkeypatch)
    assert isinstance(find(), Missing)
    assert run(world, "test -e /proc/1").state == "green"


def test_where_bubblewrap_is_not_installed_checks_run_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(find(), Missing)


@pytest.mark.usefixtures("anyhow")
def test_a_hostile_commit_changes_nothing_in_the_repository(world: World) -> None:
    world.commit("main", {".gitattributes": "* filter=evil diff=evil\n", "sub/file.txt": "x\n"})
    objects = sorted(path.name for path in (world.origin / "objects").rglob("*") if path.is_file())
    refs = run_git(world.origin, "for-each-ref")
    identity = "-c user.name=evil -c user.email=evil@example.org"
    run(
        world,
        f"git {identity} commit --quiet --allow-empty -m evil; git branch -f main; git gc --quiet --prune=now",
        "rm -rf .git; chmod 000 sub; mkdir -m 000 locked",
    )
    assert run_git(world.origin, "for-each-ref") == refs
    assert sorted(path.name for path in (world.origin / "objects").rglob("*") if path.is_file()) == objects
    assert list((world.state / "checkouts").iterdir()) == []


# ---- set-up that checks share

INPUTS = {"lock.txt": "one\n"}
SETUP = ('pwd > made-at; cat lock.txt > made; echo home > "$HOME/made"',)


def layered(world: World, *commands: str, setup: tuple[str, ...] = SETUP, **more: Any) -> LocalForge:
    plan = world.plan(*commands)
    return world.forge(replace(plan, setup=replace(plan.setup, run=setup, inputs=("lock.txt", "deps"), **more)))


def layers(world: World) -> list[Path]:
    return sorted((world.state / "layers").glob("*/done.json"))


@pytest.mark.usefixtures("confined")
def test_commits_with_the_inputs_of_the_base_share_its_set_up(world: World) -> None:
    world.commit("main", INPUTS)
    heads = [world.commit(f"fix/b{number}", {"n.txt": f"{number}\n"}) for number in range(2)]
    command = 'test "$(cat made)" = one && test "$(cat "$HOME/made")" = home && test "$(pwd)" = "$(cat made-at)"'
    alone = 'test ! -e planted && echo x > planted && echo x >> made && test "$(git rev-parse HEAD)" = '
    for head in heads:
        found = layered(world, command, alone + head, 'test -z "$(git diff HEAD)" && cat n.txt').checks(head)
        assert found.state == "green", found
    (layer,) = layers(world)
    assert (layer.parent / "checkout" / "made").read_text() == "one\n"
    assert not (layer.parent / "checkout" / "planted").exists()
    assert json.loads(layer.read_text())["commit"] == world.head("main")


@pytest.mark.usefixtures("confined")
def test_a_commit_that_changes_an_input_gets_a_set_up_of_its_own(world: World) -> None:
    world.commit("main", INPUTS)
    head = world.commit("fix/a", {"lock.txt": "two\n"})
    found = layered(world, 'test "$(cat made)" = two', "echo red; exit 1").checks(head)
    assert [one.state for one in found.checks] == ["green", "red"]
    assert "set-up: its own" in found.checks[1].tail
    assert layers(world) == []
    nested = world.commit("fix/b", {"deps/x.txt": "x\n"})
    layered(world, "true").checks(nested)
    assert layers(world) == []


@pytest.mark.usefixtures("confined")
def test_a_check_on_a_shared_set_up_says_so_when_it_fails(world: World) -> None:
    base = world.commit("main", INPUTS)
    tail = red_tail(layered(world, "exit 1").checks(base))
    assert f"set-up: shared, of {base[:8]} with changes kept apart" in tail
    assert "writable: the checkout, HOME and TMPDIR" in tail


@pytest.mark.usefixtures("confined")
def test_a_set_up_that_was_cut_short_is_made_again_and_one_that_fails_is_not_kept(world: World) -> None:
    base = world.commit("main", INPUTS)
    assert layered(world, "true", setup=("exit 3",)).checks(base).state == "red"
    assert layers(world) == []
    forge = layered(world, "test ! -e half")
    assert forge.checks(base).state == "green"
    (done,) = layers(world)
    done.unlink()
    (done.parent / "checkout" / "half").touch()
    (world.state / "checks" / f"{base}.json").unlink()
    assert forge.checks(base).state == "green"


@pytest.mark.usefixtures("confined")
def test_set_up_has_the_network_only_by_its_own_key(world: World) -> None:
    base = world.commit("main", INPUTS)
    reaches = ("test \"$(tail -n +3 /proc/net/dev | grep -vc ' lo:')\" != 0",)
    tail = red_tail(layered(world, "true", setup=reaches).checks(base))
    assert "`setup.network: true` gives it" in tail
    assert layered(world, "true", setup=reaches, network=True).checks(base).state == "green"


@pytest.mark.usefixtures("confined")
def test_a_check_below_tmp_reads_its_own_remote(world: World, tmp_path: Path) -> None:
    assert tmp_path.is_relative_to("/tmp")
    fetch = 'git fetch -q origin && test "$(git rev-parse origin/main)" = "$(git rev-parse HEAD)"'
    push = "! git push -q origin HEAD:refs/heads/planted"
    assert run(world, fetch, push).state == "green"


# ---- what is remembered


def count(world: World) -> str:
    """A command that leaves a line outside of its checkout each time it runs; for unconfined checks."""
    return f"echo run >> {world.folder / 'runs'}"


def runs(world: World) -> int:
    return len((world.folder / "runs").read_text().splitlines())


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_bubblewrap(tmp_path, monkeypatch)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("end", ["true", "false"])
def test_a_commit_is_checked_once_whatever_comes_of_it(world: World, end: str) -> None:
    command = f"{count(world)}; echo words; {end}"
    first = run(world, command)
    assert run(world, command) == first
    assert runs(world) == 1


@pytest.mark.usefixtures("plain")
def test_other_commands_are_another_question(world: World) -> None:
    run(world, count(world))
    run(world, count(world), "true")
    run(world, count(world), "true", setup=("true",))
    assert runs(world) == 3


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "torn",
    [
        "", "{", '{"state": "green"}', "[]",
        '{"commands": "{digest}", "checks": []}',
        '{"commands": "{digest}", "checks": [{"name": "true", "state": "green", "tail": ""}]}',
        '{"commands": "{digest}", "checks": [{"name": "true", "state": "green"}, 3]}',
        '{"commands": "{digest}", "checks": 3}',
        '{"commands": "other", "checks": [{"name": "true", "state": "green", "tail": ""}, LAST]}',
        '{"commands": "{digest}", "checks": [{"name": "true", "state": "pending", "tail": ""}, LAST]}',
    ],
)  # fmt: skip
def test_a_torn_outcome_is_never_green(world: World, torn: str) -> None:
    second = f"{count(world)}; false"
    forge = world.forge(world.plan("true", second))
    path = world.state / "checks" / f"{world.head('main')}.json"
    path.parent.mkdir(parents=True)
    last = json.dumps({"name": second, "state": "green", "tail": ""})
    path.write_text(torn.replace("{digest}", forge.checker.commands.digest).replace("LAST", last))
    assert forge.checks(world.head("main")).state == "red"
    assert runs(world) == 1


@pytest.mark.usefixtures("plain")
def test_an_outcome_is_a_file_that_a_person_can_read_and_remove(world: World) -> None:
    run(world, f"{count(world)}; echo words; false")
    path = world.state / "checks" / f"{world.head('main')}.json"
    assert "words\n[exit code 1 (no sandbox: " in json.loads(path.read_text())["checks"][0]["tail"]
    path.unlink()
    run(world, f"{count(world)}; echo words; false")
    assert runs(world) == 2


@pytest.mark.usefixtures("plain")
def test_threads_that_ask_for_one_commit_run_it_once(world: World) -> None:
    forge = world.forge(world.plan(count(world)))
    head, together = world.head("main"), threading.Barrier(4)

    def ask(_: int) -> Checks:
        together.wait()
        return forge.checks(head)

    with ThreadPoolExecutor(4) as pool:
        assert {found.state for found in pool.map(ask, range(4))} == {"green"}
    assert runs(world) == 1


@pytest.mark.usefixtures("plain")
def test_no_more_commits_are_checked_at_once_than_there_are_processors(world: World) -> None:
    bound = os.cpu_count() or 1
    heads = [world.commit(f"fix/b{number}", {"n.txt": f"{number}\n"}) for number in range(2 * bound + 1)]
    place = world.folder / "now"
    place.mkdir()
    forge = world.forge(world.plan(f"touch {place}/$$; ls {place} | wc -l >> {world.folder}/seen; rm {place}/$$"))
    with ThreadPoolExecutor(len(heads)) as pool:
        assert {found.state for found in pool.map(forge.checks, heads)} == {"green"}
    assert max(int(line) for line in (world.folder / "seen").read_text().split()) <= bound


KILLED = """
import sys
from pathlib import Path
from waves import git
from waves.forges.local.forge import LocalForge
from waves.plan import model
place, commit, command = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
plan = model.Plan(place / "p.yaml", "demo", (), model.Agent("command"), local=model.LocalForge(checks=(command,)))
LocalForge(git.discover(place), plan).checks(commit)
"""


@pytest.mark.usefixtures("plain")
def test_a_check_that_was_killed_is_run_again_and_leaves_nothing(world: World) -> None:
    """The check itself kills whoever runs it, the first time."""
    head = world.head("main")
    kill = f"test -e {world.folder}/killed || {{ touch {world.folder}/killed; kill -KILL $PPID; }}"
    process = python(KILLED, str(world.checkout), head, kill)
    complaint = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, complaint
    assert len(list((world.state / "checkouts").glob(f"{head}-*"))) == 1
    assert run(world, kill).state == "green"
    assert list((world.state / "checkouts").iterdir()) == []


# ---- merges


@pytest.mark.usefixtures("plain")
def test_the_checks_of_a_merge_see_both_sides_and_merge_nothing(world: World) -> None:
    old = world.head("main")
    head = world.commit("fix/x", {"x.txt": "x\n"}, start=old)
    base = world.commit("main", {"y.txt": "y\n"})
    forge = world.forge(world.plan(f"{count(world)}; test -e x.txt -a -e y.txt"))
    refs = run_git(world.origin, "for-each-ref")
    found = forge.checks_of_merge(base, head)
    assert found.state == "green"
    form = "--format=%P%n%an %at %cn %ct"  # nobody and no time, so that the same merge is the same commit
    shown = run_git(world.origin, "show", "--no-patch", form, found.commit)
    assert shown == f"{base} {head}\nwaves 1000000000 waves 1000000000"
    assert world.forge(world.plan(*forge.checker.commands.checks)).checks_of_merge(base, head) == found
    assert forge.checks(base).state == "red"
    assert run_git(world.origin, "for-each-ref") == refs
    assert runs(world) == 2


@pytest.mark.usefixtures("plain")
def test_merges_that_come_to_the_same_files_are_checked_once(world: World) -> None:
    head = world.commit("fix/x", {"x.txt": "x\n"})
    base = world.head("main")
    again = world.commit("fix/again", {"x.txt": "x\n"}, text="the same again", start="main")
    forge = world.forge(world.plan(count(world)))
    one, other = forge.checks_of_merge(base, head), forge.checks_of_merge(base, again)
    assert (one.state, other.state) == ("green", "green")
    assert one.commit != other.commit
    assert runs(world) == 1


def test_a_conflict_has_no_checks(world: World) -> None:
    head = world.commit("fix/x", {"app.py": "uno\n"})
    base = world.commit("main", {"app.py": "eins\n"})
    with pytest.raises(ForgeError, match=r"conflicts with .* in app.py; rebase the branch"):
        world.forge(world.plan("true")).checks_of_merge(base, head)


def test_a_commit_that_is_not_there_has_no_outcome(world: World) -> None:
    forge: LocalForge = world.forge(world.plan("true"))
    with pytest.raises(ForgeError, match="not a commit id"):
        forge.checks("../../main")
    with pytest.raises(GitError):
        forge.checks("1" * 40)
    assert not (world.state / "checks").exists()
    assert git.resolve(forge.origin, "1" * 40) is None


# ---- output


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"plain\n", "plain"),
        (b"\x1b[31mred\x1b[0m \x1b[1;2Hmoved\x1b[K", "red moved"),
        (b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        (b"\x1bPq#1\x1b\\after\x1b(B\x1b7\x1bc", "after"),
        ("\x9b31mred \u202egnp.exe\x00\x08\x7f".encode(), "red gnp.exe"),
        (b"10%\r20%\r\nend\ttab", "10%\n20%\nend\ttab"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (b"cut short\x1b", "cut short"),
        (b"half\xc3" + b"." * (TAIL - 10) + b"\nwhole", "whole"),
        (b"." * TAIL, "." * TAIL),
    ],
)
def test_output_is_kept_as_plain_text(output: bytes, text: str) -> None:
    assert readable(output) == text


@pytest.mark.usefixtures("anyhow")
def test_only_the_end_of_a_long_output_is_kept(world: World) -> None:
    tail = red_tail(run(world, "seq 1 2000000; printf '\\033[31mlast\\033[0m\\n'; exit 1"))
    assert "2000000\nlast\n[exit code 1" in tail
    assert TAIL - 100 < len(tail) < TAIL + 200
