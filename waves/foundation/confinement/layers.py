# ruff: noqa: PTH103, PTH123
# pathlib would add half to the start-up of every run.
"""Mount private layers over folders, then become another program; a script of the standard library alone.

`python -I -S layers.py '[[FOLDER, PLACE], …]' PROGRAM ARGUMENT …` makes each FOLDER, with a layer that takes all
changes, appear at PLACE/merged. The mounts exist for that program alone, and end with it.
"""

import ctypes
import json
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_NOSUID, MS_NODEV = 2, 4


def enter() -> None:
    """Move to user and mount namespaces of our own, in which we are who we were."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def mount_layer(folder: str, place: str) -> None:
    """On the disk that holds `place`; in memory if its file system cannot hold a layer."""
    try:
        _overlay(folder, place)
    except OSError:
        _call("mount", b"tmpfs", os.fsencode(place), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0700")
        _overlay(folder, place)


def _overlay(folder: str, place: str) -> None:
    for name in ("upper", "work", "merged"):
        os.makedirs(f"{place}/{name}", exist_ok=True)
    options = ",".join(f"{word}={_escaped(path)}" for word, path in (
        ("lowerdir", folder), ("upperdir", f"{place}/upper"), ("workdir", f"{place}/work"),
    ))  # fmt: skip
    data = os.fsencode(f"{options},userxattr")
    _call("mount", b"overlay", os.fsencode(f"{place}/merged"), b"overlay", MS_NOSUID | MS_NODEV, data)


def _escaped(path: str) -> str:
    """A path as an option of a mount, where a colon separates folders and a comma separates options."""
    return "".join(f"\\{one}" if one in "\\,:" else one for one in path)


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def main(words: list[str]) -> None:
    try:
        enter()
        for folder, place in json.loads(words[0]):
            mount_layer(folder, place)
        os.execvp(words[1], words[1:])  # noqa: S606  (that no shell is between is the point)
    except OSError as error:
        sys.exit(f"layers: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
