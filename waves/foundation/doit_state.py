"""doit's database without a file: the records are the truth, so doit has nothing to remember; it never writes."""

from __future__ import annotations

from typing import Any


class NoState:
    """A doit backend (see doit/dependency.py) that lives as long as its process.

    doit writes its database only when it ends and not at all when it is killed; what Waves needs to know is in its own
    records, and a file of doit's in a person's repository would only be one more thing to get damaged.
    """

    desc = "nothing is kept: each task's `uptodate` knows"

    def __init__(self, name: str, codec: object = None, **_: object) -> None:
        self.name = name
        self._values: dict[str, dict[str, Any]] = {}

    def get(self, task_id: str, dependency: str) -> Any:
        return self._values.get(task_id, {}).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        self._values.setdefault(task_id, {})[dependency] = value

    def in_(self, task_id: str) -> bool:
        return task_id in self._values

    def remove(self, task_id: str) -> None:
        self._values.pop(task_id, None)

    def remove_all(self) -> None:
        self._values.clear()

    def dump(self) -> None:
        pass
