"""One function per git question, over one hardened call; it never runs a hook or a filter, and never decides."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
        raise UsageError(f"{path}: not a git repository; run `git init` or change to the folder of one")
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


@functools.lru_cache(maxsize=64)
def _programs_off(common_dir: Path) -> tuple[tuple[str, str], ...]:
    """Filters, diff and merge drivers that the person's configuration names, each set to nothing."""
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


def environment(repository: Repository) -> dict[str, str]:
    """The whole environment of a git call on this repository."""
    env = _environment(dict(_programs_off(repository.common_dir)))
    env |= {"GIT_DIR": str(repository.git_dir), "GIT_COMMON_DIR": str(repository.common_dir)}
    if repository.work_tree is not None:
        env["GIT_WORK_TREE"] = str(repository.work_tree)
    if repository.alternates:
        env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(quoted(path) for path in repository.alternates)
    return env


def call(
    repository: Repository, *arguments: str, ok: Sequence[int] = (0,), stdin: bytes | None = None,
    extra: Mapping[str, str] | None = None,
) -> process.Finished:  # fmt: skip
    """Run git; an exit code that is not in `ok` raises GitError with git's own words."""
    argv, where = ["git", *arguments], repository.work_tree or repository.git_dir
    env = environment(repository) | dict(extra or {})
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


def _line(repository: Repository, *arguments: str) -> str:
    return call(repository, *arguments).text.strip()


# ---- refs and commits


def resolve(repository: Repository, name: str) -> str | None:
    """The commit that a ref or id names, or None."""
    done = call(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128)
    )
    return done.text.strip() or None if done.code == 0 else None


def tree_of(repository: Repository, commit: str) -> str:
    return _line(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")


def refs(repository: Repository, *prefixes: str) -> dict[str, str]:
    """Ref name to object id, of all refs below the prefixes."""
    text = call(repository, "for-each-ref", "--format=%(objectname) %(refname)", *prefixes).text
    return {name: oid for oid, _, name in (line.partition(" ") for line in text.splitlines())}


def update_ref(repository: Repository, ref: str, new: str, old: str) -> None:
    """Move a ref from exactly `old` (ZERO: it must not exist) to `new`; raises GitError when it is elsewhere."""
    call(repository, "update-ref", "--no-deref", ref, new, old)


def delete_ref(repository: Repository, ref: str, old: str) -> None:
    call(repository, "update-ref", "--no-deref", "-d", ref, old)


def is_branch_name(repository: Repository, name: str) -> bool:
    return call(repository, "check-ref-format", "--branch", name, ok=(0, 1, 128)).code == 0


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    done = call(repository, "merge-base", one, other, ok=(0, 1))
    return done.text.strip() or None


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    return call(repository, "merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0


def commits(
    repository: Repository, include: Sequence[str], exclude: Sequence[str], *, first_parent: bool = False
) -> list[str]:
    """Commit ids reachable from `include` and from nothing in `exclude`, oldest first."""
    options = ["--first-parent"] if first_parent else []
    stdin = "".join(f"{name}\n" for name in include) + "".join(f"^{name}\n" for name in exclude)
    return call(repository, "rev-list", "--reverse", *options, "--stdin", stdin=stdin.encode()).text.split()


def existing(repository: Repository, ids: Sequence[str]) -> dict[str, str]:
    """Object id to type, of those that the repository has."""
    stdin = "".join(f"{one}\n" for one in ids).encode()
    lines = call(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=stdin).text.splitlines()
    return {oid: kind for oid, _, kind in (line.partition(" ") for line in lines) if kind != "missing"}


def is_connected(repository: Repository, commit: str, known: Sequence[str]) -> bool:
    """Whether every object that `commit` needs, and `known` do not vouch for, is there."""
    stdin = f"{commit}\n" + "".join(f"^{one}\n" for one in known)
    done = call(repository, "rev-list", "--objects", "--quiet", "--stdin", stdin=stdin.encode(), ok=(0, 1, 128))
    return done.code == 0


def blobs(repository: Repository, ids: Sequence[str]) -> dict[str, bytes]:
    """Blob id to content, of those that the repository has."""
    raw = call(repository, "cat-file", "--batch", stdin="".join(f"{one}\n" for one in ids).encode()).out
    found, at = {}, 0
    while at < len(raw):
        header, _, _ = raw[at : at + 200].partition(b"\n")
        at += len(header) + 1
        oid, kind, *size = header.decode().split()
        if size:
            if kind == "blob":
                found[oid] = raw[at : at + int(size[0])]
            at += int(size[0]) + 1
    return found


def message(repository: Repository, commit: str) -> str:
    return call(repository, "log", "-1", "--format=%B", "--end-of-options", commit).text.strip()


def patch_ids(repository: Repository, ids: Sequence[str]) -> dict[str, str]:
    """Commit id to patch id; merges and empty commits have none."""
    if not ids:
        return {}
    patches = call(repository, "diff-tree", "--stdin", "-p", "--no-ext-diff", "--no-textconv", "--root",
                   stdin="".join(f"{one}\n" for one in ids).encode())  # fmt: skip
    lines = call(repository, "patch-id", "--stable", stdin=patches.out).text.splitlines()
    return {commit: patch for patch, commit in (line.split() for line in lines)}


# ---- differences


def diff(repository: Repository, old: str, new: str, *paths: str) -> bytes:
    """What `new` did since it left `old` (three dots), as a patch."""
    return call(repository, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames",
                f"{old}...{new}", "--", *paths).out  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    added: int  # lines; 0 for a binary file
    deleted: int
    binary: bool = False


def changes(repository: Repository, old: str, new: str) -> list[Change]:
    """The files that `new` touched since it left `old`, with their line counts; renames count as both files."""
    raw = call(
        repository, "diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--numstat", "-z", f"{old}...{new}"
    ).out
    found = []
    for entry in raw.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            added, deleted, path = entry.split("\t", 2)
            binary = added == "-"
            found.append(Change(path, 0 if binary else int(added), 0 if binary else int(deleted), binary))
    return found


def paths_touching(repository: Repository, old: str, new: str, pattern: str) -> list[str]:
    """Text files in which `new` added or removed a line that matches, since it left `old`."""
    raw = call(repository, "diff", *PLAIN, "--no-renames", "--name-only", "--diff-filter=d", "-z",
               f"-G{pattern}", f"{old}...{new}").out  # fmt: skip
    return [path for path in raw.decode("utf-8", "surrogateescape").split("\0") if path]


def files_at(repository: Repository, commit: str, *folders: str) -> list[str]:
    """Paths of the tree of a commit, all or below some folders."""
    raw = call(repository, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, *folders).out
    return [path for path in raw.decode("utf-8", "surrogateescape").split("\0") if path]


def file_at(repository: Repository, commit: str, path: str) -> bytes | None:
    done = call(repository, "cat-file", "blob", f"{commit}:{path}", ok=(0, 128))
    return done.out if done.code == 0 else None


# ---- merging without touching anything


@dataclass(frozen=True, slots=True)
class Merged:
    tree: str | None  # None: it conflicts
    conflicts: tuple[str, ...] = ()  # paths


def merge_tree(repository: Repository, base: str, head: str) -> Merged:
    """What merging `head` into `base` would give; nothing is touched. Needs git 2.38."""
    done = call(repository, "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", base, head, ok=(0, 1))
    tree, *paths = [part for part in done.out.decode("utf-8", "surrogateescape").split("\0") if part]
    # A bad name gives exit code 1 as well, so a tree id has to be seen.
    if not re.fullmatch(r"[0-9a-f]{40,64}", tree):
        raise GitError(("merge-tree", base, head), done.code, done.err.decode("utf-8", "replace"))
    return Merged(tree) if done.code == 0 else Merged(None, tuple(dict.fromkeys(paths)))


def commit_tree(
    repository: Repository, tree: str, parents: Sequence[str], text: str, extra: Mapping[str, str] | None = None
) -> str:
    flags = [flag for parent in parents for flag in ("-p", parent)]
    return call(repository, "commit-tree", tree, *flags, "-F", "-", stdin=text.encode(), extra=extra).text.strip()


# ---- remotes


def remote_url(repository: Repository, remote: str = "origin") -> str | None:
    done = call(repository, "remote", "get-url", remote, ok=(0, 2, 128))
    return done.text.strip() or None if done.code == 0 else None


def fetch(repository: Repository, branches: Sequence[str], remote: str = "origin") -> None:
    """Bring the remote-tracking refs of some branches up to date; tags and FETCH_HEAD are left alone."""
    specs = [f"+refs/heads/{name}:refs/remotes/{remote}/{name}" for name in branches]
    call(
        repository,
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--",
        remote,
        *specs,
    )


def remote_heads(repository: Repository, *branches: str, remote: str = "origin") -> dict[str, str]:
    """Branch name to commit, as the remote has them now."""
    text = call(repository, "ls-remote", "--heads", "--", remote, *(f"refs/heads/{name}" for name in branches)).text
    return {
        ref.removeprefix("refs/heads/"): oid for oid, _, ref in (line.partition("\t") for line in text.splitlines())
    }


def remote_refs(repository: Repository, *names: str, remote: str = "origin") -> dict[str, str]:
    """Full ref name to object id, of those of these names that the remote has."""
    text = call(repository, "ls-remote", "--", remote, *names).text
    return {ref: oid for oid, _, ref in (line.partition("\t") for line in text.splitlines())}


def fetch_objects(repository: Repository, ref: str, remote: str = "origin") -> None:
    """Bring what a remote ref holds, without a ref for it here."""
    call(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, ref)


def push_new(repository: Repository, refs_to_make: Mapping[str, str], remote: str = "origin") -> bool:
    """Create refs on the remote, all or none; False where one is there already."""
    leases = [f"--force-with-lease={ref}:" for ref in refs_to_make]
    specs = [f"{oid}:{ref}" for ref, oid in refs_to_make.items()]
    done = call(
        repository,
        "push",
        "--quiet",
        "--porcelain",
        "--no-verify",
        "--atomic",
        *leases,
        "--",
        remote,
        *specs,
        ok=(0, 1),
    )
    if done.code == 0:
        return True
    if "stale info" in done.text or "[rejected]" in done.text or "fetch first" in done.text:
        return False
    raise GitError(("push", remote, *refs_to_make), done.code, done.err.decode("utf-8", "replace") + done.text)


def push(repository: Repository, commit: str, branch: str, expected: str, remote: str = "origin") -> bool:
    """Put `commit` on a remote branch that is at exactly `expected` (empty: not there); False: it is elsewhere."""
    lease = f"--force-with-lease=refs/heads/{branch}:{expected}"
    done = call(repository, "push", "--quiet", "--porcelain", "--no-verify", lease,
                "--", remote, f"{commit}:refs/heads/{branch}", ok=(0, 1))  # fmt: skip
    if done.code == 0:
        return True
    if "stale info" in done.text or "[rejected]" in done.text or "fetch first" in done.text:
        return False
    raise GitError(("push", remote, branch), done.code, done.err.decode("utf-8", "replace") + done.text)


def delete_remote_branch(repository: Repository, branch: str, expected: str, remote: str = "origin") -> bool:
    """Delete a remote branch that is at exactly `expected`; False: it is elsewhere. One that is gone is success."""
    if branch not in remote_heads(repository, branch, remote=remote):
        return True
    return push(repository, "", branch, expected, remote)


def delete_remote_ref(repository: Repository, ref: str, expected: str, remote: str = "origin") -> None:
    """Delete a remote ref that is no branch, if it is still at `expected`; one that is gone is success."""
    call(
        repository,
        "push",
        "--quiet",
        "--no-verify",
        f"--force-with-lease={ref}:{expected}",
        "--",
        remote,
        f":{ref}",
        ok=(0, 1),
    )


# ---- worktrees


def add_worktree(repository: Repository, path: Path, commit: str) -> None:
    """A detached worktree at `commit`; the caller holds the worktree lock (git is not safe side by side)."""
    call(repository, "worktree", "add", "--quiet", "--detach", "--", str(path), commit)


def worktree_of(repository: Repository, path: Path) -> Repository | None:
    """The linked worktree at `path`, found from the main repository's own list; None where there is none."""
    for entry in sorted((repository.common_dir / "worktrees").glob("*/gitdir")):
        if Path(entry.read_text().rstrip("\n")) == path / ".git":
            return Repository(repository.common_dir, entry.parent, path)
    return None


def prune_worktrees(repository: Repository) -> None:
    call(repository, "worktree", "prune")


def remove_worktree(repository: Repository, path: Path) -> None:
    """Remove a worktree whose contents the caller has shown to be safe elsewhere."""
    call(repository, "worktree", "remove", "--force", "--force", "--", str(path))


def attach(worktree: Repository, branch: str) -> None:
    """Put a detached worktree on a branch that is at the same commit; no file is touched."""
    call(worktree, "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def detach(worktree: Repository, commit: str) -> None:
    """Take a worktree off its branch without touching a file."""
    call(worktree, "update-ref", "--no-deref", "HEAD", commit)


def reset_hard(worktree: Repository, commit: str) -> None:
    call(worktree, "reset", "--quiet", "--hard", commit)


def uncommitted(worktree: Repository, *, ignored: bool = False) -> list[str]:
    """Paths that differ from HEAD: modified, staged, untracked, and ignored ones if asked.

    What is uncommitted inside a submodule is not looked at: git would run there, under that one's own configuration.
    """
    options = ["--ignored=matching"] if ignored else []
    raw = call(worktree, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames",
               "--ignore-submodules=dirty", *options).out  # fmt: skip
    return [entry[3:] for entry in raw.decode("utf-8", "surrogateescape").split("\0") if entry]


def ignored(worktree: Repository) -> list[str]:
    """Ignored paths that are there; a folder of nothing else stands for what is in it."""
    raw = call(worktree, "status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignored=traditional").out
    entries = raw.decode("utf-8", "surrogateescape").split("\0")
    return [entry[3:] for entry in entries if entry.startswith("!! ")]


def branch_of(worktree: Repository) -> str | None:
    """The branch that a worktree is on, None where its HEAD is detached."""
    done = call(worktree, "symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    return done.text.strip().removeprefix("refs/heads/") or None


def import_objects(repository: Repository, quarantine: Path, heads: Sequence[str], known: Sequence[str]) -> None:
    """Bring what `heads` reach and `known` do not from a quarantine into the repository, checked as a server would.

    Nothing is copied as it lies: git reads every object and writes it anew, so a damaged or forged file is refused.
    """
    wanted = "".join(f"{one}\n" for one in heads) + "".join(f"^{one}\n" for one in known)
    reading = environment(repository.with_objects(quarantine))
    packed, unpacked = process.pipe(
        ["git", "pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"],
        ["git", "unpack-objects", "-q", "--strict"],
        stdin=wanted.encode(), env_first=reading, env_second=environment(repository),
    )  # fmt: skip
    for name, done in (("pack-objects", packed), ("unpack-objects", unpacked)):
        if done.code:
            raise GitError((name,), done.code, done.err.decode("utf-8", "replace"))


# ---- people, and repositories of their own


def committer(repository: Repository) -> tuple[str, str]:
    """Name and email that the person configured; raises UsageError where git has none."""
    done = call(repository, "var", "GIT_COMMITTER_IDENT", ok=(0, 128))
    found = re.fullmatch(r"(.+) <(.*)> \d+ [-+]\d+", done.text.strip())
    if done.code or found is None:
        raise UsageError(f"{repository.name}: git does not know who you are; set `user.name` and `user.email`")
    return found[1], found[2]


def author(repository: Repository, commit: str) -> tuple[str, str, str]:
    """Name, email and date (git's raw form) of a commit's author."""
    text = call(repository, "log", "-1", "--date=raw", "--format=%an%x00%ae%x00%ad", "--end-of-options", commit).text
    name, email, date = text.rstrip("\n").split("\0")
    return name, email, date


def checkout_apart(repository: Repository, path: Path, commit: str) -> Repository:
    """A repository of its own at `path` (a new folder), detached at `commit`, with the tags and without a remote.

    It reads the objects of `repository` and keeps its own: nothing that happens in it is written there.
    """
    done = process.run(["git", "init", "--quiet", "--template=", "--", str(path)], env=_environment({}))
    if done.code:
        raise GitError(("init", str(path)), done.code, done.err.decode("utf-8", "replace"))
    apart = Repository(path / ".git", path / ".git", path)
    (apart.git_dir / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (apart.git_dir / "objects" / "info" / "alternates").write_text(f"{repository.common_dir / 'objects'}\n")
    tags = refs(repository, "refs/tags")
    (apart.git_dir / "packed-refs").write_text("".join(f"{oid} {name}\n" for name, oid in sorted(tags.items())))
    call(apart, "checkout", "--quiet", "--detach", commit, "--")
    return apart


def rebase(worktree: Repository, onto: str, extra: Mapping[str, str]) -> str | None:
    """Replay what a detached worktree has and `onto` has not, commit by commit; the new head, or None: it conflicts."""
    done = call(worktree, "rebase", "--quiet", "--merge", "--no-fork-point", "--no-autosquash", "--no-autostash",
                "--no-rebase-merges", "--no-update-refs", onto, ok=(0, 1), extra=extra)  # fmt: skip
    return resolve(worktree, "HEAD") if done.code == 0 else None


# ---- making repositories


def init(path: Path, *, bare: bool = False) -> Repository:
    """A repository at `path` with the branch main, whatever templates and defaults the person has set up."""
    kind = ["--bare"] if bare else []
    _start("init", "--quiet", "--template=", "--object-format=sha1", "--initial-branch=main", *kind, "--", str(path))
    return discover(path)


def clone(source: Path, path: Path) -> Repository:
    """A checkout at `path` of a repository on this machine, which becomes its remote `origin`."""
    _start("clone", "--quiet", "--template=", "--", str(source), str(path))
    return discover(path)


def _start(*arguments: str) -> None:
    done = process.run(["git", *arguments], env=_environment({}))
    if done.code:
        raise GitError(arguments, done.code, done.err.decode("utf-8", "replace"))


def commit_all(repository: Repository, text: str, extra: Mapping[str, str]) -> str:
    """Commit every file that is not ignored, on the branch that is checked out; `extra` says by whom and when."""
    call(repository, "add", "--all")
    call(repository, "commit", "--quiet", "--no-verify", "--file=-", stdin=text.encode(), extra=extra)
    return _line(repository, "rev-parse", "HEAD")
