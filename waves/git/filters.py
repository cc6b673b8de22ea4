"""Decide which content filters git runs: the ones a plan allows, as the person's own settings define them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from waves.foundation import confinement, process
from waves.foundation.confinement import hidden
from waves.git import given

LFS = "lfs"
LENT = "waves-lent"  # in the store of a git directory: the stores that its links lead to
PARTS = ("clean", "smudge", "process", "required")
KEY = re.compile(r"filter\.(?P<name>.+)\.(?P<part>clean|smudge|process|required)", re.DOTALL)
# Anything with write access to the repository can change these, an agent without a sandbox included.
THE_REPOSITORYS = ("local", "worktree")  # scopes
# What else changes a file's content between the object store and the work tree.
CONVERSIONS = ("core.autocrlf", "core.eol", "core.safecrlf", "core.checkroundtripencoding")

Said = tuple[str, str, str]  # scope, key and value, in git's order


@dataclass(frozen=True, slots=True)
class FilterDriver:
    """The commands of one filter; empty ones are not set."""

    name: str
    clean: str = ""
    smudge: str = ""
    process: str = ""
    required: str = ""

    @property
    def runs(self) -> bool:
        return bool(self.clean or self.smudge or self.process)

    @property
    def programs(self) -> tuple[str, ...]:
        """The first word of each command."""
        found = (_words(command)[:1] for command in (self.clean, self.smudge, self.process))
        return tuple(dict.fromkeys(word for words in found for word in words))


def drivers(said: Iterable[Said], scopes: Sequence[str] | None = None) -> dict[str, FilterDriver]:
    """The filters that settings define, by name: the person's own settings, or those of the given scopes."""
    found: dict[str, FilterDriver] = {}
    for scope, key, value in said:
        match = KEY.fullmatch(key)
        if match and (scope in scopes if scopes else scope not in THE_REPOSITORYS):
            driver = found.get(match["name"], FilterDriver(match["name"]))
            found[driver.name] = replace(driver, **{match["part"]: value})
    return found


def settings(said: Sequence[Said], allowed: Sequence[str]) -> dict[str, str]:
    """What makes git run the allowed filters as the person defined them, and no other filter."""
    own = drivers(said)
    pairs: dict[str, str] = {}
    planted = drivers(said, THE_REPOSITORYS)
    for name in sorted({*own, *planted, *allowed}):
        driver = own.get(name, FilterDriver(name)) if name in allowed else FilterDriver(name)
        parts = {"clean": driver.clean, "smudge": driver.smudge, "required": driver.required or "false"}
        if driver.process or name not in allowed:
            parts["process"] = driver.process
        elif planted.get(name, driver).process:
            # git has no way to unset it. Empty, it also keeps `clean` from running, so make that an error.
            parts |= {"process": "", "required": "true"}
        pairs |= {f"filter.{name}.{part}": value for part, value in parts.items()}
    return pairs


def lent(said: Sequence[Said], allowed: Sequence[str]) -> list[tuple[str, str]]:
    """All settings that decide what files look like, for a git directory that somebody else works in."""
    last = {key: value for _, key, value in said if key in (*CONVERSIONS, "lfs.storage")}
    if last.pop("lfs.storage", None) is not None:
        last["lfs.storage"] = LFS  # its own, below its git directory
    attributes = attributes_file(said)
    return [*last.items(), ("core.attributesfile", str(attributes)), *settings(said, allowed).items()]


def attributes_file(said: Iterable[Said]) -> Path:
    """The attributes file of the person; /dev/null in place of one that git would wait for, such as a pipe."""
    named = [value for _, key, value in said if key == "core.attributesfile"]
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(os.path.expanduser(named[-1] if named else f"{home}/git/attributes"))  # noqa: PTH111 - `~user` as well
    return path if path.is_file() or not os.path.lexists(path) else Path(os.devnull)


def lfs_store(common_dir: Path, said: Iterable[Said]) -> Path:
    """The folder in which git-lfs keeps the objects of a repository."""
    named = [value for _, key, value in said if key == "lfs.storage"]
    return common_dir / (os.path.expanduser(named[-1]) if named and named[-1] else LFS)  # noqa: PTH111


# ---- running them


def confined(pairs: Mapping[str, str], before: Sequence[str]) -> dict[str, str]:
    """The same settings with `before` in front of every command."""
    return {key: _wrapped(before, key, value) if value else value for key, value in pairs.items()}


def _wrapped(before: Sequence[str], key: str, command: str) -> str:
    part = key.rpartition(".")[2]
    if part == "required":
        return command
    if part == "process":  # git expands nothing in this one
        return shlex.join([*before, "sh", "-c", command])
    # The path comes as an argument: inside a quoted command, git's own quotes around it would end ours.
    inner = re.sub("%[%f]", lambda found: '"$1"' if found[0] == "%f" else "%", command)
    return shlex.join([*before, "sh", "-c", inner, "filter"]).replace("%", "%%") + " %f"


def sandbox(
    place: Path, cwd: Path, shown: Sequence[Path], writable: Sequence[Path], commands: Iterable[str]
) -> list[str]:
    """What to put before a filter: no network, nothing to write but `writable`, and an environment without secrets.

    Without bubblewrap, or where it does not work, only the environment is cut.
    """
    kept = process.clean_environment()
    others = (name for name in os.environ if name not in kept and not name.startswith("GIT_"))
    bare = ["env", *(word for name in sorted(others) for word in ("-u", name))]
    found = confinement.find()
    if isinstance(found, confinement.Missing):
        return bare
    words = tuple(word for command in commands for word in _words(command))
    # A filter that decrypts needs its key. Without a network it can tell nobody.
    seen = (*shown, *_settings_files(), *hidden.credentials(os.environ))
    box = confinement.Box(place, writable=tuple(writable), shown=seen, words=words)
    return [*bare, "TMPDIR=/tmp", *found.words(box, cwd)]  # which is new in there


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _settings_files() -> tuple[Path, ...]:
    home = os.environ.get("HOME", "/")
    places = (
        f"{home}/.gitconfig",
        f"{os.environ.get('XDG_CONFIG_HOME') or f'{home}/.config'}/git",
        *given.places().values(),
    )
    return tuple(Path(one) for one in places if one.startswith("/"))
