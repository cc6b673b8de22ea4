"""Find what a confined program must not see: shared folders, credential files, and sockets that programs listen on."""

from __future__ import annotations

import functools
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

XDG = {".config/": "XDG_CONFIG_HOME", ".cache/": "XDG_CACHE_HOME", ".local/share/": "XDG_DATA_HOME"}
IN_VALUE = re.compile(r"/[^,;:\s]+")  # a path in a value such as `unix:path=/run/user/1000/bus`


@functools.cache
def _data() -> Mapping[str, list[str]]:
    text = resources.files("waves.foundation.confinement").joinpath("hidden.toml").read_text("utf-8")
    found: Mapping[str, list[str]] = tomllib.loads(text)
    return found


def folders() -> list[Path]:
    """The folders that programs share, as they are called here."""
    return _there(Path(path) for path in _data()["folders"])


def credentials(environment: Mapping[str, str]) -> list[Path]:
    """The credential files and folders of whoever this environment belongs to, those that exist."""
    return _there(_credentials(environment))


def _credentials(environment: Mapping[str, str]) -> Iterator[Path]:
    data, home = _data(), home_of(environment)
    for path in data["credentials"] if home else ():
        assert home is not None
        yield home / path
        for start, variable in XDG.items():
            if path.startswith(start) and environment.get(variable):
                yield Path(environment[variable], path.removeprefix(start))
    for variable in data["variables"]:
        for place in environment.get(variable, "").split(os.pathsep):
            if place:
                yield Path(place)


def home_of(environment: Mapping[str, str]) -> Path | None:
    """The home folder; None if there is none to speak of, as for accounts of services."""
    home = Path(environment.get("HOME") or "/")
    return home if home.is_absolute() and home.is_dir() and home.resolve() != Path("/") else None


def sockets(environment: Mapping[str, str]) -> list[Path]:
    """The sockets in the file system that some program listens on, and those that the environment names."""
    return [path for path in _there(_sockets(environment)) if stat.S_ISSOCK(_mode(path))]


def _sockets(environment: Mapping[str, str]) -> Iterator[Path]:
    for value in environment.values():
        yield from (Path(found) for found in IN_VALUE.findall(value))
    try:
        lines = Path("/proc/net/unix").read_text("utf-8", "surrogateescape").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        words = line.split(maxsplit=7)
        if len(words) == 8 and words[7].startswith("/"):
            yield Path(words[7])


def _there(paths: Iterator[Path]) -> list[Path]:
    """Those that exist, by their real paths: through a link, what it leads to must be hidden."""
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_absolute():
                found[path.resolve(strict=True)] = None
        except (OSError, RuntimeError, ValueError):
            continue
    found.pop(Path("/"), None)
    return list(found)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
