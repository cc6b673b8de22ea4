"""Decides how git starts its other half for a remote that is a path on this machine: which hooks, which environment."""

from __future__ import annotations

import functools
import hashlib
import os
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

from waves.foundation import process
from waves.git.hardened import Repository, call

# The other half reads the settings of the repository over there, and an agent may have written to them.
SAFE_THERE = {
    "core.alternateRefsCommand": "true",
    "core.fsmonitor": "false",
    "receive.autogc": "false",  # housekeeping has a hook and a program of its own
    "gc.auto": "0",
    "maintenance.auto": "false",
}
NO_HOOKS = {"core.hooksPath": os.devnull}
# Where a person keeps the settings that let git enter a repository at all, such as `safe.directory`.
PERSONS_SETTINGS = ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
SERVICES = {"push": "receive-pack", "fetch": "upload-pack", "ls-remote": "upload-pack"}
_TRUSTED: dict[Path, str] = {}  # by a repository's common directory


def local_path(url: str) -> Path | None:
    """The path that a remote's address means, told from `host:path` as git does it; None: it is another machine."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    if "://" in url or ":" in url.partition("/")[0]:
        return None
    return Path(url)


def options(repository: Repository, verb: str, remote: str) -> tuple[str, ...]:
    """For a call of `verb` that goes to `remote`: how its other half is started; nothing for another machine."""
    place = where(repository, remote, push=verb == "push")
    if place is None:
        return ()
    settings = SAFE_THERE if hooks_may_run(repository, place) else SAFE_THERE | NO_HOOKS
    given = {name: os.environ[name] for name in PERSONS_SETTINGS if name in os.environ}
    environment = process.clean_environment(given | {"LC_ALL": "C.UTF-8"})
    words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), "git"]
    for key, value in settings.items():
        words += ["-c", f"{key}={value}"]
    service = SERVICES[verb]
    return (f"--{service}={shlex.join([*words, service])}",)


def where(repository: Repository, remote: str, *, push: bool) -> Path | None:
    """The folder that a remote is, if it is one on this machine."""
    try:
        about = (repository.common_dir / "config").stat()
    except OSError:
        return None  # git will say it better
    return _where(repository, remote, push, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=64)
def _where(repository: Repository, remote: str, push: bool, _changed: int, _size: int) -> Path | None:
    done = call(repository, "remote", "get-url", *(["--push"] if push else []), "--", remote, ok=(0, 2, 128))
    found = local_path(done.text.strip() if done.code == 0 else remote)
    return found and (repository.work_tree or repository.git_dir) / found


# ---- which hooks may run


def trust_hooks(repository: Repository, state: str) -> None:
    """Let the hooks of a local remote run as long as they are in this state, as `hooks_state` gives it."""
    _TRUSTED[repository.common_dir] = state


def hooks_may_run(repository: Repository, place: Path) -> bool:
    state = hooks_state(place)
    return state is not None and state == _TRUSTED.get(repository.common_dir)


def hooks_state(place: Path) -> str | None:
    """A digest of the hooks and settings of a repository; None: they are not all in it, or cannot be read."""
    directory = place / ".git" if (place / ".git").is_dir() else place
    found = hashlib.sha256()
    try:
        settings = (directory / "config").read_bytes()
        if any(word in settings.lower() for word in (b"hookspath", b"[include")):
            return None
        hooks = sorted(path for path in (directory / "hooks").glob("*") if path.suffix != ".sample")
        for name, data in [(b"config", settings), *((os.fsencode(path.name), path.read_bytes()) for path in hooks)]:
            found.update(b"%d %d " % (len(name), len(data)) + name + data)
    except OSError:
        return None
    return found.hexdigest()
