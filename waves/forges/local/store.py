"""The embedded forge's memory, as JSON files that a person can read and mend; it never runs git.

pulls/7.json               a pull request; write `closed` or `open` as its `state` to close it or open it again
branches/feat%2Fx.json     the numbers of the pull requests of one branch, so that none has to be searched for
comments/7/DIGEST.json     one comment, by its marker
issues/12.json             an issue that a merge closed; remove the file to open it again
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from waves.forges import Pull
from waves.foundation import locks, records
from waves.foundation.errors import ForgeError
from waves.foundation.text import whole

TEXTS = ("branch", "base", "title", "body", "head", "merge_commit")
STATES = ("open", "merged", "closed")


@dataclass(frozen=True, slots=True)
class Stored:
    """A pull request as its file has it. `merging`: what the base is about to be moved to, written before it is."""

    pull: Pull
    merging: str = ""


def storable(text: str) -> str:
    """Text that can be written to a file and a commit message: no NUL, no half character."""
    return whole(text).replace("\0", "")


@dataclass(frozen=True, slots=True)
class Store:
    """The files below one folder. What writes a pull request holds `locked()`; reading needs no lock."""

    folder: Path

    def locked(self) -> AbstractContextManager[None]:
        return locks.waiting(self.folder / "locks" / "pulls")

    # ---- pull requests

    def pull(self, number: int) -> Stored | None:
        path = self._pull_path(number)
        return _stored(number, path) if path.exists() else None

    def pulls_of(self, branch: str) -> list[Stored]:
        """The pull requests of a branch, the newest first."""
        found = (self.pull(number) for number in sorted(self._numbers(branch), reverse=True))
        # A number whose pull request was never written may be another branch's by now.
        return [stored for stored in found if stored is not None and stored.pull.branch == branch]

    def add(self, pull: Pull) -> Pull:
        """Write a new pull request; the branch's index goes first, so that none is ever there that can't be found."""
        numbers = sorted({*self._numbers(pull.branch), pull.number})
        records.write_json(self._index_path(pull.branch), {"branch": pull.branch, "pulls": numbers})
        return self.save(Stored(replace(pull, url=self._pull_path(pull.number).as_uri())))

    def save(self, stored: Stored) -> Pull:
        pull = stored.pull
        value = {"number": pull.number, "state": pull.state} | {key: getattr(pull, key) for key in TEXTS}
        if stored.merging:
            value["merging"] = stored.merging
        records.write_json(self._pull_path(pull.number), value)
        return pull

    def numbers(self) -> list[int]:
        """The numbers in use; names are read, no file is."""
        names = (path.name for path in (self.folder / "pulls").glob("*.json"))
        found = (re.fullmatch(r"([0-9]{1,9})\.json", name) for name in names)
        return sorted(int(match[1]) for match in found if match)

    def highest(self) -> int:
        """The highest number in use, 0 where there is none."""
        return max(self.numbers(), default=0)

    def _numbers(self, branch: str) -> list[int]:
        path = self._index_path(branch)
        value = records.read_json(path)
        if value is None and not path.exists():
            return []
        numbers = value.get("pulls") if value else None
        if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
            raise ForgeError(f"{path}: `pulls` must be the numbers of the pull requests of {branch}; mend it by hand")
        return numbers

    def _pull_path(self, number: int) -> Path:
        return self.folder / "pulls" / f"{number}.json"

    def _index_path(self, branch: str) -> Path:
        name = quote(branch, safe="")
        if len(name) > 200:  # file names end at 255 bytes
            name = f"{name[:150]}-{records.digest(branch)}"
        return self.folder / "branches" / f"{name}.json"

    # ---- comments

    def comment(self, number: int, marker: str, body: str) -> None:
        path = self.folder / "comments" / str(number) / f"{records.digest(storable(marker))}.json"
        known = records.read_json(path) or {"written": datetime.now(UTC).isoformat()}
        wanted = known | {"marker": storable(marker), "body": storable(body)}
        if wanted != known:
            records.write_json(path, wanted)

    def comments(self, number: int) -> list[tuple[str, str]]:
        """(marker, body), in the order in which they were first written."""
        found = []
        for path in (self.folder / "comments" / str(number)).glob("[!.]*.json"):
            value = records.read_json(path)
            if value is None or not {"written", "marker", "body"} <= value.keys():
                raise ForgeError(f"{path}: not a comment of the embedded forge; mend or remove the file")
            found.append((str(value["written"]), str(value["marker"]), str(value["body"])))
        return [(marker, body) for _, marker, body in sorted(found)]

    # ---- issues

    def close_issue(self, number: int, pull: int | None = None) -> None:
        path = self.folder / "issues" / f"{number}.json"
        if records.read_json(path) is None:
            records.write_json(path, {"issue": number, "state": "closed", "by_pull_request": pull})

    def closed(self, number: int) -> bool:
        return (self.folder / "issues" / f"{number}.json").exists()


def _stored(number: int, path: Path) -> Stored:
    value = records.read_json(path)
    if value is None:
        raise ForgeError(f"{path}: not a JSON object; mend the file by hand")
    if value.get("state") not in STATES:
        raise ForgeError(f"{path}: `state` must be one of {', '.join(STATES)}; mend the file by hand")
    texts = {key: value.get(key) for key in (*TEXTS, "merging")} | {"merging": value.get("merging", "")}
    if wrong := [key for key, text in texts.items() if not isinstance(text, str)]:
        raise ForgeError(f"{path}: `{wrong[0]}` must be a text; mend the file by hand")
    known = {key: str(text) for key, text in texts.items()}
    pull = Pull(
        number, known["branch"], known["base"], value["state"], known["title"], known["body"], path.as_uri(),
        known["head"], known["merge_commit"],
    )  # fmt: skip
    return Stored(pull, known["merging"])
