from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from waves.foundation import confinement, process
from waves.foundation.confinement import (
    EMPTY,
    ENTRY,
    LAYERED,
    SHOWN,
    WRITABLE,
    Box,
    Missing,
    Sandbox,
    hidden,
    ordered,
)

CREDENTIALS = (
    ".netrc", ".npmrc", ".pypirc", ".config/gh/hosts.yml", ".git-credentials", ".ssh/id_ed25519", ".aws/credentials",
    ".docker/config.json", ".gnupg/private-keys-v1.d/key", ".kube/config", ".config/gcloud/credentials.db",
    ".cargo/credentials.toml", ".pgpass", ".bash_history",
)  # fmt: skip
SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("mounts", "kept"),
    [
        ({"/tmp": EMPTY, "/tmp/a/socket": EMPTY}, {"/tmp": EMPTY}),
        ({"/tmp": EMPTY, "/tmp/repo": SHOWN, "/tmp/repo/socket": EMPTY}, None),
        ({"/tmp/repo/tree": WRITABLE, "/tmp": EMPTY, "/tmp/repo": SHOWN}, None),
        ({"/home/ana/.aws": EMPTY, "/home/ana": LAYERED, "/home/ana/.aws/sso": WRITABLE}, None),
    ],
)
def test_a_folder_is_mounted_before_what_is_below_it(mounts: dict[str, int], kept: dict[str, int] | None) -> None:
    found = ordered((Path(path), kind) for path, kind in mounts.items())
    assert {str(path): kind for path, kind in found} == (mounts if kept is None else kept)
    assert [len(path.parts) for path, _ in found] == sorted(len(path.parts) for path, _ in found)


@pytest.mark.parametrize(
    ("kinds", "strongest"),
    [([EMPTY, WRITABLE], WRITABLE), ([ENTRY, EMPTY], EMPTY), ([SHOWN, LAYERED], LAYERED), ([SHOWN, EMPTY], SHOWN)],
)
def test_of_two_mounts_on_one_path_the_strongest_counts(kinds: list[int], strongest: int) -> None:
    assert ordered((Path("/x"), kind) for kind in kinds) == [(Path("/x"), strongest)]


# ---- what a confined program can do


class Cell:
    """A person's home, a repository and a program in a box; all of it below /tmp, as pytest has it."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.home, self.tree, self.place = folder / "home", folder / "repo" / "tree", folder / "box"
        for one in (self.home, self.tree):
            one.mkdir(parents=True)
        (self.home / "settings").write_text("mine\n")
        (self.folder / "repo" / "README").write_text("repository\n")

    def run(self, script: str, *, network: bool = False, writable: tuple[Path, ...] = ()) -> process.Finished:
        box = Box(self.place, (self.tree, *writable), (self.folder / "repo",), (self.home,), network=network)
        env = process.clean_environment({"HOME": str(self.home)})
        argv = [*self.sandbox.words(box, self.tree), "sh", "-c", script]
        return process.run_bounded(argv, cwd=self.tree, env=env, timeout=60, keep=10_000)


@pytest.fixture(params=["layers", "entries"])
def cell(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cell:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    found = confinement.find()
    if isinstance(found, Missing):
        pytest.skip(found.why)
    (tmp_path / "home").rmdir()
    return Cell(tmp_path, Sandbox(found.program, layers=found.layers and request.param == "layers"))


def test_it_writes_to_what_its_box_opens_and_nowhere_else(cell: Cell) -> None:
    cache = cell.home / ".cache" / "x"
    cache.mkdir(parents=True)
    places = {cell.folder / "repo": False, cell.folder: False, Path("/usr"): False, Path("/etc"): False,
              Path(sys.prefix): False, cell.tree: True, cache: True}  # fmt: skip
    script = "".join(f"echo x > {place}/planted-by-a-test 2>/dev/null; " for place in places) + "true"
    try:
        assert cell.run(script, writable=(cache,)).code == 0
        assert {place: (place / "planted-by-a-test").exists() for place in places} == places
    finally:
        for place in places:
            (place / "planted-by-a-test").unlink(missing_ok=True)


def test_the_home_folder_is_read_and_keeps_what_is_written_there_to_the_program(cell: Cell) -> None:
    done = cell.run('cat "$HOME/settings"; echo new > "$HOME/new" && cat "$HOME/new"')
    assert (done.code, done.text) == (0, "mine\nnew\n")
    assert sorted(path.name for path in cell.home.iterdir()) == ["settings"]
    if cell.sandbox.layers:
        done = cell.run('echo other > "$HOME/settings"; cat "$HOME/settings" "$HOME/new"')
        assert (done.code, done.text) == (0, "other\nnew\n")  # a place is one program's, however often it runs
        assert (cell.home / "settings").read_text() == "mine\n"


@pytest.mark.parametrize("path", CREDENTIALS)
def test_credentials_are_not_seen(cell: Cell, path: str) -> None:
    (cell.home / path).parent.mkdir(parents=True, exist_ok=True)
    (cell.home / path).write_text(SECRET)
    done = cell.run(f'cat "$HOME/{path}"; grep -r {SECRET} "$HOME"; true')
    assert SECRET not in done.text
    done = cell.run(f'cat "$HOME/{path}"', writable=(cell.home / path,))
    assert done.text == SECRET  # opened by name


def test_credentials_behind_links_and_variables_are_not_seen(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    (cell.folder / "repo" / "keys").mkdir()
    (cell.folder / "repo" / "keys" / "id").write_text(SECRET)
    (cell.home / ".ssh").symlink_to(cell.folder / "repo" / "keys")
    (cell.home / "elsewhere").write_text(SECRET)
    monkeypatch.setenv("NETRC", str(cell.home / "elsewhere"))
    (cell.home / "xdg" / "gh").mkdir(parents=True)
    (cell.home / "xdg" / "gh" / "hosts.yml").write_text(SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(cell.home / "xdg"))
    done = cell.run(f'grep -r {SECRET} "$HOME" "$HOME/.ssh/" {cell.folder}/repo; true')
    assert SECRET not in done.text


def test_shared_folders_and_other_processes_are_not_seen(cell: Cell) -> None:
    (cell.folder / "of-others").write_text(SECRET)
    done = cell.run(f"ls /tmp /var/tmp /run; cat {cell.folder}/of-others; kill -0 {os.getpid()} && echo alive; true")
    assert "alive" not in done.text
    assert SECRET not in done.text


@pytest.fixture
def listening() -> Iterator[tuple[Path, socket.socket]]:
    """A socket of some other program in a place that nobody knows beforehand; not below /tmp."""
    place = Path("/var/lib") / f"waves-test-{os.getpid()}"
    try:
        place.mkdir()
    except OSError:
        pytest.skip("nothing outside of /tmp can be written here")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place / "docker.sock"))
        server.listen()
        yield place / "docker.sock", server
    (place / "docker.sock").unlink()
    place.rmdir()


def test_sockets_of_other_programs_are_not_seen_wherever_they_are(
    cell: Cell, listening: tuple[Path, socket.socket]
) -> None:
    code = f"import socket; socket.socket(socket.AF_UNIX).connect('{listening[0]}')"
    done = cell.run(f'python3 -c "{code}"', network=True)
    assert done.code != 0
    assert "ConnectionRefusedError" in done.text
    assert hidden.sockets({"DOCKER_HOST": f"unix://{listening[0]}"}).count(listening[0]) == 1


def test_the_network_is_there_only_if_the_box_has_it(cell: Cell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = f"python3 -c \"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)\""
        assert cell.run(command).code != 0
        assert cell.run(command, network=True).code == 0


def test_what_is_left_running_ends_with_the_program(cell: Cell) -> None:
    os.mkfifo(cell.tree / "alive")
    reader = os.open(cell.tree / "alive", os.O_RDONLY | os.O_NONBLOCK)
    assert cell.run("setsid sleep 1000 > alive < /dev/null 2>&1 & sleep 0; exit 0").code == 0
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # the end of the file: nobody holds it any more
    os.close(reader)


def test_it_ends_with_whoever_started_it(cell: Cell) -> None:
    os.mkfifo(cell.tree / "alive")
    box = Box(cell.place, (cell.tree,), (), (cell.home,))
    argv = [*cell.sandbox.words(box, cell.tree), "sh", "-c", "exec > alive; echo; sleep 1000"]
    with (
        subprocess.Popen([sys.executable, "-c", STARTER, *argv], cwd=cell.tree) as starter,
        (cell.tree / "alive").open("rb") as alive,  # waits for the program
    ):
        assert alive.readline() == b"\n"
        os.kill(starter.pid, signal.SIGKILL)
        assert alive.read() == b""


STARTER = "import subprocess, sys; subprocess.run(sys.argv[1:])"


def test_where_it_is_not_installed_or_not_allowed_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert confinement.find() == Missing("bubblewrap (`bwrap`) is not installed")
    program = tmp_path / "bin" / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    why = "bubblewrap does not work here: bwrap: No permissions to create new namespace"
    assert confinement.find() == Missing(why)
