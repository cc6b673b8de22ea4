"""Read the git settings that a person gives through environment variables."""

from __future__ import annotations

import functools
import os

from waves.foundation import process
from waves.foundation.errors import UsageError

# Where git finds its settings, and who commits: these hold no secret.
PLACES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "XDG_CONFIG_HOME")
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL")
# How git reaches a remote. Git's own names for it are few and have no common prefix.
TRANSPORT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_ALLOW_PROTOCOL",
             "GIT_PROTOCOL_FROM_USER", "GIT_EXEC_PATH")  # fmt: skip
TRANSPORT_PREFIXES = ("GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_SSL_")
ONE_BY_ONE = ("GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")


def environment() -> dict[str, str]:
    """Our environment for a git call: all that is not git's own, and of git's what a person sets up there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_set_up(name)}


def _is_set_up(name: str) -> bool:
    return name in (*PLACES, *IDENTITY, *TRANSPORT) or name.startswith(TRANSPORT_PREFIXES)


def places() -> dict[str, str]:
    """The variables that say where git's settings are."""
    return {name: os.environ[name] for name in PLACES if name in os.environ}


def settings() -> tuple[tuple[str, str], ...]:
    """Key and value of each setting in GIT_CONFIG_COUNT and GIT_CONFIG_PARAMETERS, in git's order.

    Waves adds its own after them. In the variables themselves it could not: git reads GIT_CONFIG_PARAMETERS last.
    """
    given = one_by_one()
    return _read(tuple(sorted(given.items()))) if given else ()


def one_by_one() -> dict[str, str]:
    """The variables that hold settings themselves. They may hold a token, so they are for git alone."""
    return {name: value for name, value in os.environ.items() if name.startswith(ONE_BY_ONE)}


@functools.lru_cache(maxsize=4)
def _read(given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    alone = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_DIR": os.devnull}
    done = process.run(["git", "config", "--list", "-z", "--no-includes"], env=_bare() | dict(given) | alone)
    if done.code:
        words = " ".join(done.err.decode("utf-8", "replace").split())
        raise UsageError(f"git refuses the settings in your environment: {words}; correct that variable, or unset it")
    entries = (entry.partition("\n") for entry in os.fsdecode(done.out).split("\0") if entry)
    return tuple((key, value if separator else "true") for key, separator, value in entries)


def _bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
