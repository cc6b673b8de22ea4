"""Repositories, checkouts and objects that Waves itself makes; never in a place that an agent can write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from waves.foundation import process, records
from waves.foundation.errors import GitError
from waves.git import filters, lfs
from waves.git.committing import as_file
from waves.git.hardened import Repository, _environment, answer, call, discover, environment, said_of
from waves.git.history import refs, resolve
from waves.git.plumbing import FIXED


def import_objects(repository: Repository, quarantine: Path, heads: Sequence[str], known: Sequence[str]) -> None:
    """Bring what `heads` reach and `known` do not from a quarantine into the repository, checked as a server would.

    Nothing is copied as it lies: git reads every object and writes it anew, so a damaged or forged file is refused. It
    writes them apart first, because what it refuses in the end it has written by then.
    """
    objects = repository.common_dir / "objects"
    wanted = "".join(f"{one}\n" for one in heads) + "".join(f"^{one}\n" for one in known)
    reading = environment(repository.with_objects(quarantine))
    # git itself names such folders so, and tidies up what a kill leaves of them.
    with records.folder("tmp_objdir-incoming-", objects) as apart:
        writing = environment(repository.with_objects(objects)) | {"GIT_OBJECT_DIRECTORY": str(apart)}
        packed, unpacked = process.pipe(
            ["git", "pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"],
            ["git", "unpack-objects", "-q", "--strict"],
            stdin=wanted.encode(), env_first=reading, env_second=writing,
        )  # fmt: skip
        for name, done in (("pack-objects", packed), ("unpack-objects", unpacked)):
            if done.code:
                raise GitError((name,), done.code, done.err.decode("utf-8", "replace"))
        for path in apart.glob("[0-9a-f][0-9a-f]/*"):
            target = objects / path.parent.name / path.name
            target.parent.mkdir(exist_ok=True)
            path.rename(target)


def checkout_apart(
    repository: Repository, path: Path, commit: str, *, like: Repository | None = None, as_stored: bool = False
) -> Repository:
    """A repository of its own at `path` (a new folder), detached at `commit`, with the tags and without a remote.

    It reads the objects of `repository` and keeps its own: nothing that happens in it is written there. Files look as
    they do in a worktree of `like`, also to a git that does not read the person's settings; `as_stored`: as in git.
    """
    algorithm = "sha256" if len(commit) == 64 else "sha1"
    _start("init", "--quiet", "--template=", f"--object-format={algorithm}", "--", str(path))
    apart = Repository(path / ".git", path / ".git", path, filters=() if as_stored else repository.filters)
    for name in ("objects/info", "info"):
        (apart.git_dir / name).mkdir(parents=True, exist_ok=True)
    # Ends in `/.`: git-lfs makes hard links of what it finds beside an ordinary `objects`.
    (apart.git_dir / "objects" / "info" / "alternates").write_text(f"{repository.common_dir / 'objects'}/.\n")
    tags = refs(repository, "refs/tags")
    (apart.git_dir / "packed-refs").write_text("".join(f"{oid} {name}\n" for name, oid in sorted(tags.items())))
    if as_stored:
        (apart.git_dir / "info" / "attributes").write_text("* -text -ident -filter -working-tree-encoding\n")
    else:
        _convert(apart, repository, like or repository)
    call(apart, "checkout", "--quiet", "--detach", commit, "--")
    return apart


def _convert(apart: Repository, source: Repository, like: Repository) -> None:
    """Write the settings and attributes of `like` that decide what files look like, and lend the objects of git-lfs."""
    with (apart.git_dir / "config").open("ab") as config:
        config.write(os.fsencode(as_file(filters.lent(said_of(like), source.filters))))
    if data := records.read_regular(like.common_dir / "info" / "attributes", 1 << 20):
        (apart.git_dir / "info" / "attributes").write_bytes(data)
    if filters.LFS in source.filters:
        for one in dict.fromkeys((source.common_dir, like.common_dir)):
            lfs.lend(Repository(one, one), apart.git_dir)


def rebase(worktree: Repository, onto: str, extra: Mapping[str, str]) -> str | None:
    """Replay what a detached worktree has and `onto` has not, commit by commit; the new head, or None: it conflicts.

    The worktree is one of `checkout_apart`. No merge attribute or setting counts in it, as in `merge_tree`.
    """
    (worktree.common_dir / "info").mkdir(exist_ok=True)
    (worktree.common_dir / "info" / "attributes").write_text("* !merge\n")
    done = call(worktree, "rebase", "--quiet", "--merge", "--no-fork-point", "--no-autosquash", "--no-autostash",
                "--no-rebase-merges", "--no-update-refs", onto, ok=(0, 1), extra=extra, settings=FIXED)  # fmt: skip
    return resolve(worktree, "HEAD") if done.code == 0 else None


def init(path: Path, *, bare: bool = False) -> Repository:
    """A repository at `path` with the branch main, whatever templates and defaults the person has set up."""
    kind = ["--bare"] if bare else []
    _start("init", "--quiet", "--template=", "--object-format=sha1", "--initial-branch=main", *kind, "--", str(path))
    return discover(path)


def clone(source: Path, path: Path, settings: Mapping[str, str]) -> Repository:
    """A checkout at `path` of a repository on this machine, its remote `origin` then, with settings of its own."""
    own = [f"--config={name}={value}" for name, value in settings.items()]
    _start("clone", "--quiet", "--template=", *own, "--", str(source), str(path))
    return discover(path)


def _start(*arguments: str) -> None:
    done = process.run(["git", *arguments], env=_environment({}))
    if done.code:
        raise GitError(arguments, done.code, done.err.decode("utf-8", "replace"))


def commit_all(repository: Repository, text: str, extra: Mapping[str, str]) -> str:
    """Commit every file that is not ignored, on the branch that is checked out; `extra` says by whom and when."""
    call(repository, "add", "--all")
    call(repository, "commit", "--quiet", "--no-verify", "--file=-", stdin=text.encode(), extra=extra)
    return answer(repository, "rev-parse", "HEAD")
