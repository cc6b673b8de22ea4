"""Questions to the bare repository that the stand-in serves, and merges made in it; never a checkout of anybody's."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class GitFailed(Exception):  # noqa: N818
    """git said no."""


class Bare:
    """One call of git each; merges are made without a checkout, as GitHub makes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "LC_ALL": "C",
        }
        self.known: dict[tuple[str, ...], str] = {}

    def run(self, *arguments: str, said: str = "", fine: tuple[int, ...] = (0,), **environment: str) -> str:
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), *arguments],
            input=said, capture_output=True, text=True, errors="replace", check=False,
            env=self.environment | environment,
        )  # fmt: skip
        if done.returncode not in fine:
            raise GitFailed(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def once(self, *arguments: str) -> str:
        """What commit ids say never changes: asked once."""
        if arguments not in self.known:
            self.known[arguments] = self.run(*arguments)
        return self.known[arguments]

    def refs(self) -> dict[str, str]:
        """All of them by name, out of git's files: every request looks, and a process would take ten times as long."""
        packed = self.path / "packed-refs"
        lines = packed.read_text().splitlines() if packed.exists() else []
        found = {line[41:]: line[:40] for line in lines if line[0] not in "#^"}
        for folder, _, names in os.walk(self.path / "refs"):
            for name in names:
                file = Path(folder, name)
                with contextlib.suppress(FileNotFoundError):  # it was deleted just now, which is no different
                    if file.suffix != ".lock":
                        found[str(file.relative_to(self.path))] = file.read_text().strip()
        return found

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, tag or commit id names."""
        for form in (f"refs/heads/{name}", f"refs/tags/{name}", name.removeprefix("heads/")):
            found = self.run("rev-parse", "--verify", "--quiet", f"{form}^{{commit}}", fine=(0, 1, 128)).strip()
            if found:
                return found
        return None

    def update(self, ref: str, new: str, old: str | None = None) -> None:
        """Move a ref, if it is still at `old`; raises GitFailed."""
        self.run("update-ref", ref, new, *([old] if old is not None else []))

    def delete(self, ref: str) -> None:
        self.run("update-ref", "-d", ref)

    def contains(self, descendant: str, ancestor: str) -> bool:
        return self.merge_base(descendant, ancestor) == ancestor

    def merge_base(self, one: str, other: str) -> str:
        key = ("merge-base", one, other)
        if key not in self.known:
            self.known[key] = self.run(*key, fine=(0, 1)).strip()
        return self.known[key]

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; None: they conflict."""
        key = ("merge-tree", "--write-tree", base, head)
        if key not in self.known:
            try:
                self.known[key] = self.run(*key).splitlines()[0]
            except GitFailed:
                self.known[key] = ""
        return self.known[key] or None

    def commits(self, base: str, head: str) -> list[str]:
        """Of `head` and not of `base`, oldest first."""
        return self.once("rev-list", "--reverse", "--topo-order", f"{base}..{head}").split()

    def commit(self, tree: str, parents: tuple[str, ...], message: str, author: str) -> str:
        name, email = author, f"{author}@users.noreply.github.com"
        parts = [part for parent in parents for part in ("-p", parent)]
        return self.run(
            "commit-tree", tree, *parts, said=message, GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=email,
            GIT_COMMITTER_NAME="GitHub", GIT_COMMITTER_EMAIL="noreply@github.com",
        ).strip()  # fmt: skip

    def add(self, ref: str, files: Mapping[str, str | None], message: str, author: str, parent: str | None) -> str:
        """A commit with these files changed, None for a deleted one, to which the ref is moved; its id."""
        who = f"{author} <{author}@users.noreply.github.com> {int(time.time())} +0000"
        lines = [f"commit {ref}\nmark :1\ncommitter {who}\n{_data(message)}"]
        lines += [f"from {parent}\n"] if parent else []
        for path, text in files.items():
            lines.append(f"D {path}\n" if text is None else f"M 100644 inline {path}\n{_data(text)}")
        return self.run("fast-import", "--quiet", "--force", said="".join([*lines, "get-mark :1\n"])).strip()

    def rebased(self, base: str, head: str) -> str | None:
        """`head`'s own commits on top of `base`; None: one conflicts."""
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            place = f"{folder}/tree"
            self.run("worktree", "add", "--quiet", "--detach", place, base)
            who = {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@github.com"}
            done = subprocess.run(
                ["git", "-C", place, "cherry-pick", "--allow-empty", *self.commits(base, head)],
                capture_output=True, env=self.environment | who, check=False,
            )  # fmt: skip
            made = None
            if done.returncode == 0:
                made = subprocess.run(
                    ["git", "-C", place, "rev-parse", "HEAD"], capture_output=True, text=True, check=True,
                    env=self.environment,
                ).stdout.strip()  # fmt: skip
            self.run("worktree", "remove", "--force", place)
        return made

    def described(self, commit: str) -> dict[str, str]:
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        names = ("sha", "tree", "parents", "name", "email", "date", "by", "by_email", "by_date", "message")
        parts = self.once("show", "--no-patch", f"--format={form}", commit).rstrip("\n").split("\0")
        return dict(zip(names, parts, strict=True))

    def changed(self, base: str, head: str) -> list[dict[str, Any]]:
        """The files of a pull request: what changed since the merge base."""
        start = self.merge_base(base, head)
        lines = self.once("diff", "--raw", "--numstat", "-M", "-z", "--abbrev=40", start, head).split("\0")
        return _files(lines)

    def patch(self, base: str, head: str, path: str) -> str:
        text = self.once("diff", "-M", self.merge_base(base, head), head, "--", path)
        place = text.find("\n@@")
        return text[place + 1 :].rstrip("\n") if place >= 0 else ""


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _files(parts: list[str]) -> list[dict[str, Any]]:
    """From `git diff --raw --numstat -z`: records of the one, then those of the other."""
    words = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}
    found: dict[str, dict[str, Any]] = {}
    rest = iter(parts)
    for part in rest:
        if part.startswith(":"):
            fields = part[1:].split(" ")
            status = fields[4][0]
            first = next(rest)
            path = next(rest) if status in "RC" else first
            found[path] = {"filename": path, "status": words[status], "sha": fields[3] if status != "D" else fields[2]}
            if status in "RC":
                found[path]["previous_filename"] = first
        elif part:
            added, deleted, path = part.split("\t")
            if not path:
                next(rest)
                path = next(rest)
            found[path] |= {"additions": _count(added), "deletions": _count(deleted)}
    return list(found.values())


def _count(text: str) -> int:
    return 0 if text == "-" else int(text)
