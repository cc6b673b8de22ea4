"""Bring the objects of git-lfs from a remote and to it, by git-lfs itself, away from anything that an agent can write.

git-lfs runs in a repository made for one call. It borrows the objects, and takes its settings from the person, from
the base's `.lfsconfig`, and from what the repository's own settings were before the first agent ran.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waves.foundation import process, records
from waves.foundation.errors import WavesError
from waves.git import committing, filters, lfs
from waves.git.credentials import lent
from waves.git.far_side import local_path
from waves.git.hardened import Repository, _environment, call, said_of
from waves.git.trees import file_at

CONFIG = ".lfsconfig"
# Addresses, and how to get there: never a program that moves objects.
PINNED = re.compile(r"lfs\.(push)?url|lfs\.https?://.+\.(access|locksverify)|remote\..+\.lfs(push)?url|http\..+|"
                    r"credential\..+|core\.(sshcommand|askpass)", re.DOTALL)  # fmt: skip
NOISE = re.compile(r"(hint|fetch|Uploading LFS objects|Downloading LFS objects|error: failed to \w+ some objects)\b.*")
ADVICE = (
    (r"quota|budget|payment|\b507\b|\b402\b", "the LFS quota is used up: free space there, or raise it"),
    (r"\block(ed|s)?\b", "ask who holds the lock to release it (`git lfs locks`)"),
    (r"\(missing\)|missing object|Object does not exist|\b404\b", "get that file's content and `git lfs push` it"),
    (r"credential|Authoriz|Authentic|\b40[13]\b", "see to the access: `git lfs push --dry-run origin HEAD`"),
    (r"", "see to the network and the access"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """A repository's objects, a remote (a name or an address) and the base, whose `.lfsconfig` counts."""

    repository: Repository
    base: str
    settings: Sequence[tuple[str, str]]  # of the repository, from before any agent ran: see `settings_now`
    remote: str = "origin"


def settings_now(repository: Repository) -> list[tuple[str, str]]:
    """What the repository's own settings say of where objects go."""
    said = said_of(repository)
    return [(key, value) for scope, key, value in said if scope in filters.THE_REPOSITORYS and PINNED.fullmatch(key)]


def download(exchange: Exchange, *commits: str) -> None:
    """Have every object here that these commits' files need; raises WavesError."""
    _run(exchange, {}, "fetch", "origin", *commits)


def upload(exchange: Exchange, head: str, branch: str) -> None:
    """Have every object on the remote that `head` adds to the base; raises WavesError, also for locked files."""
    _run(exchange, {f"refs/heads/{branch}": head}, "push", "origin", branch)


def _run(exchange: Exchange, refs: dict[str, str], *arguments: str) -> None:
    settings, extra = lent(exchange.repository, exchange.remote)
    with _room(exchange, refs) as folder:
        env = _environment({**settings, "lfs.allowincompletepush": "false"}) | extra
        done = process.run(["git", "lfs", *arguments], cwd=folder, env=env)
    if done.code:
        raise WavesError(_words(arguments[0], done))


def _words(verb: str, done: process.Finished) -> str:
    told = (done.err + b"\n" + done.out).decode("utf-8", "replace")
    lines = dict.fromkeys(" ".join(line.split()) for line in told.splitlines())
    plain = "; ".join(line for line in lines if line and not NOISE.match(line))[:300] or f"exit code {done.code}"
    advice = next(words for pattern, words in ADVICE if re.search(pattern, plain, re.IGNORECASE))
    return f"git lfs {verb}: {plain}; {advice}"


@contextmanager
def _room(exchange: Exchange, refs: dict[str, str]) -> Iterator[Path]:
    """A repository for one call of git-lfs, with the base checked out as far as git-lfs looks."""
    repository = exchange.repository
    with records.folder("waves-lfs-", repository.common_dir) as folder:
        inner = folder / ".git"
        for name in ("objects/info", "refs"):
            (inner / name).mkdir(parents=True)
        (lfs.store(repository) / "tmp").mkdir(parents=True, exist_ok=True)
        (inner / filters.LFS).symlink_to(lfs.store(repository))
        # Ends in `/.`: git-lfs makes hard links of what it finds beside an ordinary `objects`.
        (inner / "objects/info/alternates").write_text(f"{repository.common_dir / 'objects'}/.\n")
        (inner / "HEAD").write_text(f"{exchange.base}\n")
        known = {"refs/remotes/origin/base": exchange.base, **refs}
        (inner / "packed-refs").write_text("".join(f"{oid} {name}\n" for name, oid in sorted(known.items())))
        (inner / "config").write_text(_config(exchange), "utf-8", "surrogateescape")
        if (own := file_at(repository, exchange.base, CONFIG)) is not None:
            (folder / CONFIG).write_bytes(own)
        yield folder


def _config(exchange: Exchange) -> str:
    newer = [("extensions.objectformat", "sha256")] if len(exchange.base) == 64 else []
    pairs = [("core.repositoryformatversion", str(len(newer))), *newer, (lfs.VERSION, "0")]
    # `remote.origin.lfsurl` is for `origin`, and the remote may be a fork.
    pairs += [one for one in exchange.settings if exchange.remote == "origin" or not one[0].startswith("remote.")]
    pairs += [("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")]
    for key, options in (("url", []), ("pushurl", ["--push"])):
        pairs.append((f"remote.origin.{key}", _address(exchange, options)))
    return committing.as_file(pairs)


def _address(exchange: Exchange, options: Sequence[str]) -> str:
    repository = exchange.repository
    done = call(repository, "remote", "get-url", *options, "--", exchange.remote, ok=(0, 2, 128))
    url = done.text.strip() if done.code == 0 else exchange.remote
    near = local_path(url)
    return url if near is None else str(((repository.work_tree or repository.git_dir) / near).resolve())
