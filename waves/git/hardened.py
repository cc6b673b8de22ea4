"""The one hardened git call, and where it looks; it never runs a hook, a filter or a pager."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from waves import process
from waves.errors import GitError, UsageError

# Whatever a repository, a branch or an agent says, these stay off while Waves runs git.
SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.splitIndex": "false",
    "core.pager": "cat",
    "core.excludesFile": os.devnull,
    "core.attributesFile": os.devnull,
    "core.editor": "false",
    "core.quotePath": "true",
    "core.alternateRefsCommand": "true",
    "diff.external": "",
    "status.showUntrackedFiles": "all",
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "push.recurseSubmodules": "no",
    "rerere.enabled": "false",
    "advice.detachedHead": "false",
    "init.defaultBranch": "main",
    "merge.conflictStyle": "merge",
}


PROGRAM_SETTINGS = r"^(filter\..*\.(clean|smudge|process|required)|diff\..*\.(command|textconv)|merge\..*\.driver)$"
ZERO = "0" * 40
PLAIN = ("--no-ext-diff", "--no-textconv")  # of a diff: no program of anybody's


@dataclass(frozen=True, slots=True)
class Repository:
    """Where git is to look, named in full: nothing is discovered from inside a folder that an agent can write."""

    common_dir: Path
    git_dir: Path  # a linked worktree's own, else the same as common_dir
    work_tree: Path | None = None
    alternates: tuple[Path, ...] = ()  # more object folders to read, such as a run's quarantine

    @property
    def name(self) -> str:
        return str(self.work_tree or self.git_dir)

    def with_objects(self, folder: Path) -> Repository:
        return replace(self, alternates=(*self.alternates, folder))


def discover(path: Path) -> Repository:
    """The repository of a folder; raises UsageError where there is none."""
    command = [
        "git",
        "rev-parse",
        "--path-format=absolute",
        "--git-common-dir",
        "--absolute-git-dir",
        "--is-bare-repository",
    ]
    if not path.is_dir():
        raise UsageError(
            f"{path}: there is no such folder; clone the repository there, or correct the plan's `checkout`"
        )
    done = process.run(command, cwd=path, env=_environment({}))
    if done.code:
        words = done.err.decode("utf-8", "replace").strip().partition("\n")[0]
        if "not a git repository" in words:
            raise UsageError(f"{path}: not a git repository; run `git init` or change to the folder of one")
        raise UsageError(f"{path}: git refuses this repository: {words}")
    common, own, bare = done.text.splitlines()
    if bare == "true":
        return Repository(Path(common), Path(own))
    top = process.run(["git", "rev-parse", "--path-format=absolute", "--show-toplevel"], cwd=path, env=_environment({}))
    return Repository(Path(common), Path(own), Path(top.text.rstrip("\n")))


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("GIT_") or k in {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS"}
    }
    pairs = list((SAFE | dict(settings)).items())
    config = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        config |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return inherited | config | {
        "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1",
        "GIT_EDITOR": "false", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8", "GIT_NO_REPLACE_OBJECTS": "1",
    }  # fmt: skip


def _programs_off(common_dir: Path) -> tuple[tuple[str, str], ...]:
    """Filters, diff and merge drivers that the person's configuration names, each set to nothing."""
    try:
        about = (common_dir / "config").stat()
    except OSError:
        return ()  # git will say it better
    return _programs_named(common_dir, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=64)
def _programs_named(common_dir: Path, _changed: int, _size: int) -> tuple[tuple[str, str], ...]:
    done = process.run(
        ["git", "config", "--name-only", "--includes", "--get-regexp", PROGRAM_SETTINGS],
        env=_environment({}) | {"GIT_DIR": str(common_dir)},
    )
    off = {"required": "false", "driver": "false"}
    return tuple((key, off.get(key.rpartition(".")[2], "")) for key in done.text.splitlines())


def quoted(path: Path) -> str:
    """A path as git reads it in a list of object folders, where a colon or a leading quote would mean something."""
    text = str(path)
    if os.pathsep not in text and not text.startswith('"'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def environment(repository: Repository, settings: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The whole environment of a git call on this repository, with more settings than the ones that keep it safe."""
    env = _environment(dict(_programs_off(repository.common_dir)) | dict(settings))
    env |= {"GIT_DIR": str(repository.git_dir), "GIT_COMMON_DIR": str(repository.common_dir)}
    if repository.work_tree is not None:
        env["GIT_WORK_TREE"] = str(repository.work_tree)
    if repository.alternates:
        env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(quoted(path) for path in repository.alternates)
    return env


def call(
    repository: Repository, *arguments: str, ok: Sequence[int] = (0,), stdin: bytes | None = None,
    extra: Mapping[str, str] | None = None, settings: Mapping[str, str] = MappingProxyType({}),
) -> process.Finished:  # fmt: skip
    """Run git; an exit code that is not in `ok` raises GitError with git's own words."""
    argv, where = ["git", *arguments], repository.work_tree or repository.git_dir
    env = environment(repository, settings) | dict(extra or {})
    done = process.run(argv, cwd=where, stdin=stdin, env=env)
    if done.code and _cleared_lock(done.err.decode("utf-8", "replace")):
        done = process.run(argv, cwd=where, stdin=stdin, env=env)
    if done.code not in ok:
        raise GitError(arguments, done.code, done.err.decode("utf-8", "replace"))
    return done


LOCK_IN_THE_WAY = re.compile(r"Unable to create '(?P<path>/[^'\n]+\.lock)': File exists")


def _cleared_lock(complaint: str) -> bool:
    """Remove the lock that git stumbled over if its holder is dead: no git lives that is as old as the lock.

    A git that was killed (by the kernel for want of memory, by a power cut) leaves its lock for ever.
    """
    named = LOCK_IN_THE_WAY.search(complaint)
    try:
        if named is None or process.any_older("git", (lock := Path(named["path"])).stat().st_mtime) is not False:
            return False
        lock.unlink()
    except OSError:
        return False
    return True


def answer(repository: Repository, *arguments: str) -> str:
    return call(repository, *arguments).text.strip()
