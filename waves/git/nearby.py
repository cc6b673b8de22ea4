"""Find the repositories on this machine that a repository refers to; it opens none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from waves.git.far_side import local_path
from waves.git.hardened import Repository, call


def local_remotes(repository: Repository, commit: str) -> tuple[Path, ...]:
    """Its remotes, and the submodules of one commit, as far as they are repositories on this machine."""
    top = repository.work_tree or repository.git_dir
    remotes = [path for url in _urls(repository, r"^remote\..*\.url$") if (path := _at(top, url))]
    origin = next(_urls(repository, r"^remote\.origin\.url$"), "")
    start = _at(top, origin) or top
    modules = [
        path for url in _urls(repository, r"^submodule\..*\.url$", f"--blob={commit}:.gitmodules")
        if (path := _at(start if url.startswith(("./", "../")) else top, url))
    ]  # fmt: skip
    return tuple(dict.fromkeys(path for path in (*remotes, *modules) if _is_repository(path)))


def _urls(repository: Repository, pattern: str, *source: str) -> Iterator[str]:
    done = call(repository, "config", *source, "-z", "--get-regexp", pattern, ok=(0, 1, 128))
    for entry in done.text.split("\0") if done.code == 0 else ():
        yield entry.partition("\n")[2]


def _at(folder: Path, url: str) -> Path | None:
    path = local_path(url)
    return None if path is None else Path(os.path.realpath(folder / path))


def _is_repository(path: Path) -> bool:
    """A URL may come from anybody: what is no repository is none of a build's business."""
    return any((one / "HEAD").is_file() and (one / "objects").is_dir() for one in (path, path / ".git"))


def borrowed(common_dir: Path) -> tuple[Path, ...]:
    """The object folders of other repositories that one reads, such as those of `git clone --reference`."""
    found: list[Path] = []
    todo = [common_dir / "objects", common_dir / ".git" / "objects"]
    for objects in todo:
        try:
            lines = (objects / "info" / "alternates").read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            continue
        new = [Path(os.path.realpath(objects / line)) for line in lines if line and not line.startswith("#")]
        fresh = [path for path in new if path.is_dir() and path not in found]
        found += fresh
        todo += fresh
    return tuple(found)
