"""The one hardened git call, and where it looks; it runs no hook, no pager, and only the filters that a plan allows."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from waves.foundation import process
from waves.foundation.errors import GitError, UsageError
from waves.git import filters, given
from waves.git.unusable import unusable

BIG = 8 << 20  # bytes; git streams longer blobs, or calls them binary, and never loads one to look at it
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
    "log.showSignature": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "push.followTags": "false",
    "worktree.useRelativePaths": "false",
    "core.bigFileThreshold": str(BIG),
    "init.defaultBranch": "main",
    "init.defaultRefFormat": "files",
    "merge.conflictStyle": "merge",
}


PROGRAM = re.compile(r"diff\..*\.(command|textconv)|merge\..*\.driver", re.DOTALL)
ZERO = "0" * 40
# Of a diff: no program of anybody's, and all of it whatever the settings say.
FIXED_OPTIONS = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--ignore-submodules=none",
                 "-O/dev/null")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repository:
    """Where git is to look, named in full: nothing is discovered from inside a folder that an agent can write."""

    common_dir: Path
    git_dir: Path  # a linked worktree's own, else the same as common_dir
    work_tree: Path | None = None
    alternates: tuple[Path, ...] = ()  # more object folders to read, such as a run's quarantine
    filters: tuple[str, ...] = ()  # the content filters that git may run there

    @property
    def name(self) -> str:
        return str(self.work_tree or self.git_dir)

    def with_objects(self, folder: Path) -> Repository:
        return replace(self, alternates=(*self.alternates, folder))


def discover(path: Path) -> Repository:
    """The repository of a folder, if git accepts its owner and its format; raises UsageError."""
    if not path.is_dir():
        raise UsageError(
            f"{path}: there is no such folder; clone the repository there, or correct the plan's `checkout`"
        )
    questions = ("--git-common-dir", "--absolute-git-dir", "--is-bare-repository", "--show-toplevel")
    done = process.run(
        ["git", "rev-parse", "--path-format=absolute", *questions],
        cwd=path, env=_environment({"safe.bareRepository": "all"}),
    )  # fmt: skip
    common, own, bare, top = (*os.fsdecode(done.out).split("\n"), "", "", "", "")[:4]
    if bare == "true":  # which has no top: that question failed
        return Repository(Path(common), Path(own))
    if not own:
        raise UsageError(f"{path}: {unusable(done.err.decode('utf-8', 'replace'))}")
    return Repository(Path(common), Path(own), Path(top) if top else Path(own).parent)


def _environment(settings: Mapping[str, str], *, of_person: bool = True) -> dict[str, str]:
    """The variables of a git call; `of_person`: with the settings that a person gives by variables."""
    pairs = [*(given.settings() if of_person else ()), *(SAFE | dict(settings)).items()]
    config = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        config |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return given.environment() | config | {
        "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1",
        "GIT_EDITOR": "false", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8", "GIT_NO_REPLACE_OBJECTS": "1",
    }  # fmt: skip


def _programs(repository: Repository) -> tuple[tuple[str, str], ...]:
    """The settings that turn off diff and merge drivers, and all filters but the allowed ones."""
    try:
        about = (repository.common_dir / "config").stat()
    except OSError:
        return ()  # git will say it better
    return _programs_named(repository, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=256)
def _programs_named(repository: Repository, _changed: int, _size: int) -> tuple[tuple[str, str], ...]:
    try:
        said = said_of(Repository(repository.common_dir, repository.common_dir))
    except GitError:
        return ()
    off = {key: "false" if key.endswith(".driver") else "" for _, key, _ in said if PROGRAM.fullmatch(key)}
    run = filters.settings(said, repository.filters)
    if any(run.values()) and repository.filters:
        run = filters.confined(run, _sandbox(repository, said, list(run.values())))
    return tuple((off | run | {"core.attributesFile": str(filters.attributes_file(said))}).items())


def _sandbox(repository: Repository, said: Sequence[filters.Said], commands: Sequence[str]) -> list[str]:
    cwd = repository.work_tree or repository.git_dir
    shown = [cwd, repository.common_dir, repository.git_dir, *repository.alternates]
    store = filters.lfs_store(repository.common_dir, said)
    if filters.LFS in repository.filters and (store / filters.LENT).is_file():
        shown += [Path(os.fsdecode(line)) for line in (store / filters.LENT).read_bytes().splitlines()]
    writable = [store] if filters.LFS in repository.filters else []
    for path in writable:
        path.mkdir(parents=True, exist_ok=True)
    return filters.sandbox(repository.common_dir / "waves-filters", cwd, shown, writable, commands)


@dataclass(frozen=True, slots=True)
class Setting:
    scope: str  # git's word: system | global | local | worktree | command
    key: str
    value: str


def settings_of(repository: Repository) -> list[Setting]:
    """Every setting that git finds there, in git's order, without those that Waves adds."""
    env = given.environment() | given.one_by_one() | _place(repository) | {"LC_ALL": "C.UTF-8"}
    done = process.run(["git", "config", "--list", "-z", "--show-scope", "--includes"], env=env)
    if done.code:
        raise GitError(("config", "--list"), done.code, done.err.decode("utf-8", "replace"))
    words = os.fsdecode(done.out).split("\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    parts = ((scope, *entry.partition("\n")) for scope, entry in pairs)
    return [Setting(scope, key, value if separator else "true") for scope, key, separator, value in parts]


def said_of(repository: Repository) -> tuple[filters.Said, ...]:
    """The same as plain tuples."""
    return tuple((one.scope, one.key, one.value) for one in settings_of(repository))


def _place(repository: Repository) -> dict[str, str]:
    where = {"GIT_DIR": str(repository.git_dir), "GIT_COMMON_DIR": str(repository.common_dir)}
    return where if repository.work_tree is None else where | {"GIT_WORK_TREE": str(repository.work_tree)}


def quoted(path: Path) -> str:
    """A path as git reads it in a list of object folders, where a colon or a leading quote would mean something."""
    text = str(path)
    if os.pathsep not in text and not text.startswith('"'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def environment(repository: Repository, settings: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The whole environment of a git call on this repository, with more settings than the ones that keep it safe."""
    env = _environment(dict(_programs(repository)) | dict(settings))
    env |= _place(repository)
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
