"""Confine a program with bubblewrap: agents, set-up commands, checks and filters share this one place.

A confined program reads the file system, except for what `hidden` finds, and changes only what its Box opens.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waves.foundation import process, records
from waves.foundation.confinement import hidden

NAMES = Path("/run/systemd/resolve")  # where resolv.conf may point: no names without it
LAYERS = Path(__file__).with_name("layers.py")
TAIL = 4096  # bytes of a failed trial's output
# From weak to strong, where two are about the same path.
ENTRY, EMPTY, SHOWN, LAYERED, WRITABLE = range(5)
OPTIONS = {ENTRY: "--ro-bind", SHOWN: "--ro-bind", LAYERED: "--bind", WRITABLE: "--bind"}


@dataclass(frozen=True, slots=True)
class Box:
    """What a confined program may see and change. The deepest path that is named decides about everything below it."""

    place: Path  # a folder of this box's own, for private layers
    writable: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()  # read-only, also below a hidden or a writable folder
    layered: tuple[Path, ...] = ()  # folders that it may change for itself: nothing of it reaches the real ones
    network: bool = False
    words: tuple[str, ...] = ()  # of the program: absolute paths among them are shown


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Bubblewrap as it works here. Without `layers`, a layered folder is new and shows the entries of the real one."""

    program: str
    layers: bool = True

    def words(self, box: Box, cwd: Path) -> list[str]:
        """What to put before the program's own words. Makes the folders that the box needs."""
        layered = [path for path in _real(box.layered) if path.is_dir()]
        places = {folder: box.place / f"layer-{number}" for number, folder in enumerate(layered)}
        for place in places.values():
            (place / "merged").mkdir(parents=True, exist_ok=True)
        box.place.mkdir(parents=True, exist_ok=True)
        (box.place / "empty").touch()
        mounts = [*_closed(box), *_open(box, layered), *([] if self.layers else _entries(layered))]
        start = _start(places) if self.layers and places else []
        return [
            *start, self.program, "--unshare-all", *(["--share-net"] if box.network else []), "--die-with-parent",
            "--new-session", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
            *(word for path, kind in ordered(mounts) for word in _mount(path, kind, box.place, places)),
            "--chdir", str(cwd), "--",
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missing:
    """Bubblewrap cannot work here."""

    why: str
    mend: str = "install bubblewrap, or allow it user namespaces"


Mount = tuple[Path, int]


def ordered(mounts: Iterable[Mount]) -> list[Mount]:
    """One mount per path, the strongest; a folder before what is below it, and nothing to hide in what is empty."""
    strongest: dict[Path, int] = {}
    for path, kind in mounts:
        strongest[path] = max(kind, strongest.get(path, kind))
    kept: dict[Path, int] = {}
    for path, kind in sorted(strongest.items(), key=lambda one: len(one[0].parts)):
        above = next((kept[one] for one in path.parents if one in kept), None)
        if not (kind == EMPTY and above == EMPTY):
            kept[path] = kind
    return list(kept.items())


def _closed(box: Box) -> Iterator[Mount]:
    """What a program must not see: shared folders, credentials, sockets of other programs."""
    writable = _real(box.writable)
    sockets = [one for one in hidden.sockets(os.environ) if not any(one.is_relative_to(path) for path in writable)]
    for path in (*hidden.folders(), *hidden.credentials(os.environ), *sockets):
        yield path, EMPTY


def _open(box: Box, layered: Sequence[Path]) -> Iterator[Mount]:
    for folder in layered:
        yield folder, LAYERED
        yield from ((path, ENTRY) for path in _mounted_below(folder))
    folders = hidden.folders()
    programs = [*_installations(os.get_exec_path()), *_installations(box.words), *([NAMES] if box.network else [])]
    yield from ((path, SHOWN) for path in _real(programs) if any(one in path.parents for one in folders))
    yield from ((path, SHOWN) for path in _real(box.shown))
    yield from ((path, WRITABLE) for path in _real(box.writable))


def _entries(layered: Sequence[Path]) -> Iterator[Mount]:
    for folder in layered:
        yield from ((path, ENTRY) for path in _real(folder.iterdir()) if path.is_relative_to(folder))


def _real(paths: Iterable[Path]) -> list[Path]:
    """Without links, which bubblewrap cannot mount on; without what does not exist, and the root itself."""
    found = {Path(os.path.realpath(path)): None for path in paths}
    return [path for path in found if path.exists() and path != Path("/")]


def _mounted_below(folder: Path) -> list[Path]:
    """Other file systems below a folder, of which a layer over it would show nothing."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    points = [Path(line.split()[4].replace("\\040", " ")) for line in lines]
    return [point for point in points if point.is_relative_to(folder) and point != folder]


def _mount(path: Path, kind: int, place: Path, places: Mapping[Path, Path]) -> list[str]:
    """bubblewrap's words for one mount."""
    if kind == EMPTY:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        return ["--tmpfs", str(path)] if is_folder else ["--ro-bind", str(place / "empty"), str(path)]
    source = places[path] / "merged" if kind == LAYERED else path
    return [OPTIONS[kind], str(source), str(path)]


def _start(places: Mapping[Path, Path]) -> list[str]:
    pairs = [(str(folder), str(place)) for folder, place in places.items()]
    return [sys.executable, "-I", "-S", str(LAYERS), json.dumps(pairs)]


def _installations(words: Sequence[str]) -> Iterator[Path]:
    """The absolute paths among some words; of a `bin`, and what is in one, the whole installation."""
    general = {*hidden.folders(), hidden.home_of(os.environ)}
    for path in (Path(word) for word in words):
        if path.is_absolute():
            found = next((one for one in (path, path.parent) if one.name == "bin"), path)
            yield found.parent if found.name == "bin" and found.parent not in general else path


# ---- does it work here?


def find() -> Sandbox | Missing:
    """Bubblewrap, if it is installed and works here (containers may forbid it): found out by running it."""
    program = shutil.which("bwrap")
    if program is None:
        return Missing("bubblewrap (`bwrap`) is not installed")
    key = program, os.environ.get("HOME", "")
    if key not in _FOUND:
        _FOUND[key] = _tried(program)
    return _FOUND[key]


_FOUND: dict[tuple[str, str], Sandbox | Missing] = {}  # by program and home folder; the trial takes a tenth of a second


def _tried(program: str) -> Sandbox | Missing:
    home, words = hidden.home_of(os.environ), ""
    for sandbox in (Sandbox(program), Sandbox(program, layers=False)):
        with records.folder("waves-probe-", Path(tempfile.gettempdir())) as place:
            box = Box(place, writable=(place,), layered=(home,) if home else ())
            argv = [*sandbox.words(box, place), "sh", "-c", ": > seen"]
            done = process.run_bounded(argv, cwd=place, env=process.clean_environment(), timeout=20, keep=TAIL)
            if done.code == 0 and (place / "seen").exists():
                return sandbox
            words = " ".join(done.text.split())[-200:] or f"exit code {done.code}"
    return Missing(f"bubblewrap does not work here: {words}")


def environment(home: Path, temporary: Path) -> dict[str, str]:
    """The allow-listed environment with a home of its own, from where Python still finds `pip install --user`."""
    return process.clean_environment(
        {
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHONUSERBASE": os.environ.get("PYTHONUSERBASE") or site.getuserbase(),
        }
    )


def remove(folder: Path) -> None:
    """Remove a folder of confined programs; permissions are given back first, because they may take them away."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place, name)
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
