"""Find out who commits and whether commits are signed, as git sees it from one worktree."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from waves.foundation import process, records
from waves.foundation.errors import UsageError
from waves.git import given
from waves.git.hardened import Repository, Setting, call, environment, settings_of

IDENTITY = re.compile(r"(.*) <(.*)> \d+ [-+]\d+")
SIGNING = re.compile(r"user\.signingkey|gpg\..+|commit\..+")
PROGRAM = re.compile(r"gpg\.(?:.+\.)?program|gpg\.ssh\.defaultkeycommand")
THE_REPOSITORYS = ("local", "worktree")  # scopes
LONGEST_SIGNING = 20.0  # seconds
SIGN = "`git config commit.gpgSign false` in this repository"


def author(repository: Repository) -> tuple[str, str]:
    """Name and email that commits get as their author; raises UsageError where git has none."""
    return _who(repository, "AUTHOR")


def committer(repository: Repository) -> tuple[str, str]:
    """The same for the committer."""
    return _who(repository, "COMMITTER")


def _who(repository: Repository, role: str) -> tuple[str, str]:
    done = call(repository, "var", f"GIT_{role}_IDENT", ok=(0, 128))
    found = IDENTITY.fullmatch(done.text.strip())
    if done.code or found is None:
        raise UsageError(f"{repository.name}: git does not know who you are; set `user.name` and `user.email`")
    return found[1], found[2]


def settings(worktree: Repository) -> list[tuple[str, str]]:
    """What a git directory of an agent's own must say, so that commits there are made and signed as in the worktree."""
    found = [(one.key, one.value) for one in settings_of(worktree)]
    return _people(worktree, found) + [(key, value) for key, value in found if SIGNING.fullmatch(key)]


def _people(worktree: Repository, found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    try:
        writes, commits = author(worktree), committer(worktree)
    except UsageError:
        return []  # `git commit` says so as well
    apart = writes != commits or any(key.startswith(("author.", "committer.")) for key, _ in found)
    # Of the two ways, the one that an agent's own `-c user.name` still overrides.
    people = {"author": writes, "committer": commits} if apart else {"user": writes}
    return [(f"{role}.{key}", text) for role, (name, mail) in people.items()
            for key, text in (("name", name), ("email", mail))]  # fmt: skip


def as_file(pairs: Sequence[tuple[str, str]]) -> str:
    """Settings as git reads them from a file."""
    return "".join(f"{_section(key)}\n\t{key.rpartition('.')[2]} = {_quoted(value)}\n" for key, value in pairs)


def _section(key: str) -> str:
    section, _, rest = key.partition(".")
    subsection = rest.rpartition(".")[0].replace("\\", "\\\\").replace('"', '\\"')
    return f'[{section} "{subsection}"]' if subsection else f"[{section}]"


def _quoted(value: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


# ---- signing


def signs(settings: Sequence[Setting]) -> bool:
    """Whether `git commit` signs."""
    values = [one.value.lower() for one in settings if one.key == "commit.gpgsign"]
    return bool(values) and values[-1] not in ("false", "no", "off", "0", "")


def program_of_repository(settings: Sequence[Setting]) -> str | None:
    """The signing program that the repository's own settings name, if one does: Waves doesn't run that unasked."""
    named = (one for one in settings if PROGRAM.fullmatch(one.key) and one.scope in THE_REPOSITORYS)
    return next((f"{one.key} = {one.value}" for one in named), None)


def signing_fault(repository: Repository) -> str | None:
    """Why a commit can't be signed with what an agent has, in git's words; None: it can.

    Makes a commit that nothing refers to, in a folder that is removed again.
    """
    with records.folder("tmp_objdir-signing-", repository.common_dir / "objects") as apart:
        surroundings = process.clean_environment(given.places()) | _git_only(repository, apart)
        empty = call(repository, "hash-object", "-t", "tree", os.devnull).text.strip()
        done = process.run(
            ["git", "commit-tree", "-S", "-m", "signing", empty], env=surroundings, timeout=LONGEST_SIGNING
        )
    if done.code == 0:
        return None
    if done.code == 124:
        return f"no answer within {LONGEST_SIGNING:g} s"
    return " ".join(done.err.decode("utf-8", "replace").split()) or f"exit code {done.code}"


def _git_only(repository: Repository, apart: Path) -> dict[str, str]:
    """What the hardened call sets for git, without what it takes from our environment."""
    whole = environment(repository.with_objects(repository.common_dir / "objects"))
    kept = {name: value for name, value in whole.items() if name.startswith("GIT_") or name == "EMAIL"}
    return kept | {"GIT_OBJECT_DIRECTORY": str(apart)}
