"""Ask a remote whose address nobody vouches for: no prompts, no helpers, no other protocols, and an end in time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from waves.foundation import process, records
from waves.foundation.errors import GitError
from waves.git import far_side
from waves.git.credentials import lent
from waves.git.hardened import Repository, answer, environment

PATIENCE = 30.0  # seconds for one question
PROTOCOLS = ("https", "http", "ssh", "git")
SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^-].*")
NOT_THERE = ("not our ref", "couldn't find remote ref", "no such remote ref")
# git and ssh ask nobody: they have no terminal (see waves.foundation.process), and these close the other ways.
SILENT = {"GIT_ASKPASS": "", "SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}
NO_CREDENTIALS = {"credential.helper": "", "http.followRedirects": "false", "http.extraHeader": ""}
NO_KEYS = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oIdentitiesOnly=yes -oIdentityFile=none -oIdentityAgent=none "
                              "-oStrictHostKeyChecking=yes -oConnectTimeout=20"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where a remote is. `trusted`: the person's own settings and credentials may be used there."""

    url: str
    trusted: bool = False


def fault_of(url: str, *, local: bool) -> str | None:
    """Why git is not to be sent to an address; `local`: it may be a path on this machine."""
    if not url.strip() or not url.isprintable() or len(url) > 2000:
        return "its address is not plain text"
    if url.startswith("-"):
        return "its address looks like an option"
    about = urlsplit(url) if "://" in url else None
    if about is not None and about.scheme in PROTOCOLS:
        if about.password is not None:
            return "its address holds a password"
        return None if about.hostname and not about.hostname.startswith("-") else "its address names no host"
    if about is None and "::" not in url and SCP.fullmatch(url):
        return None
    if "::" in url.partition("/")[0] or (about is not None and about.scheme != "file"):
        return "its address is not of https, http, ssh or git"
    return None if local else "its address is a path on one machine, where nobody else can fetch it"


def absolute(url: str, origin: str) -> str:
    """An address as git resolves it: a relative one begins at the address of `origin`."""
    if not url.startswith(("./", "../")):
        return url
    base, rest, joint = origin.rstrip("/"), url, "/"
    while True:
        if rest.startswith("./"):
            rest = rest[2:]
        elif rest.startswith("../"):
            rest = rest[3:]
            cut = max(base.rfind("/"), base.rfind(":"))
            joint = base[cut] if cut >= 0 else "/"
            base = base[:cut] if cut >= 0 else ""
        else:
            return f"{base}{joint}{rest}".rstrip("/")


def advertised(repository: Repository, address: Address) -> set[str]:
    """The ids that the remote's refs are at, and what its tags lead to; raises GitError."""
    with _room(repository, address) as room:
        return set(room.listed())


def has(repository: Repository, address: Address, commit: str) -> bool:
    """Whether the remote gives out a commit, on a ref or below one; raises GitError if that cannot be found out."""
    with _room(repository, address) as room:
        if commit in room.listed():
            return True
        try:
            room.ask("fetch", *OPTIONS, "--depth=1", then=(commit,))
        except GitError as problem:
            if any(word in problem.stderr.lower() for word in NOT_THERE):
                return False
            if "unadvertised object" not in problem.stderr:
                raise
        else:
            return True
        # An old server gives out only what its refs lead to, so all of that is asked for, without any content.
        room.ask("fetch", *OPTIONS, then=("+refs/*:refs/all/*",))
        return commit in room.git("rev-list", "--all").text.split()


OPTIONS = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--filter=tree:0")


@dataclass(frozen=True, slots=True)
class _Room:
    """An empty repository to ask from."""

    repository: Repository
    url: str
    env: Mapping[str, str]
    service: tuple[str, ...]

    def listed(self) -> list[str]:
        return [line.partition("\t")[0] for line in self.ask("ls-remote").text.splitlines()]

    def ask(self, verb: str, *options: str, then: tuple[str, ...] = ()) -> process.Finished:
        return self.git(verb, *self.service, *options, "--", self.url, *then)

    def git(self, *arguments: str) -> process.Finished:
        place = self.repository.common_dir
        done = process.run(["git", *arguments], cwd=place, env=self.env, timeout=PATIENCE)
        if done.code:
            words = f"no answer within {PATIENCE:g} s" if done.code == 124 else done.err.decode("utf-8", "replace")
            raise GitError(arguments[:1], done.code, words)
        return done


@contextmanager
def _room(repository: Repository, address: Address) -> Iterator[_Room]:
    """A room with the person's own settings, and what they lend, for a trusted address only."""
    settings, lent_here = lent(repository, address.url) if address.trusted else (NO_CREDENTIALS, NO_KEYS)
    algorithm = answer(repository, "rev-parse", "--show-object-format")
    with records.folder("waves-ask-", repository.common_dir) as folder:
        for name in ("objects", "refs"):
            (folder / name).mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        text = f"[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {algorithm}\n"
        if address.trusted:
            path = str(repository.common_dir / "config").replace("\\", "\\\\").replace('"', '\\"')
            text = f'[include]\n\tpath = "{path}"\n{text}'
        (folder / "config").write_text(text)
        room = Repository(folder, folder)
        local = far_side.local_path(address.url) is not None
        allowed = {*PROTOCOLS, *(["file"] if local else [])}
        if (own := os.environ.get("GIT_ALLOW_PROTOCOL")) is not None:
            allowed &= set(own.split(":"))
        env = environment(room, settings) | SILENT | dict(lent_here) | {"GIT_ALLOW_PROTOCOL": ":".join(sorted(allowed))}
        yield _Room(room, address.url, env, far_side.options(room, "ls-remote", address.url))
