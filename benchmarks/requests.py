"""What a batch of 20 units asks of GitHub, beside a script of plain calls for the same; counted on the tests' stand-in.

python -m benchmarks.requests [UNITS]
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.world import World, git

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "github"))
from hub import Check, GitHub  # type: ignore[import-not-found]

# The one question whose cost does not grow with the units that wait.
POLL = "nodes { ...Pull commits(last: 1)"
CI = Check("ci", "success", pending_reads=2)


class HubWorld(World):
    """The same batch with `forge: github`."""

    def _plan(self, policy: str, checks: Sequence[str], agent: str) -> None:
        units = "".join(
            f"  - {{unit: {unit}, issues: [{number}], type: feat}}\n" for number, unit in enumerate(self.units, 1)
        )
        (self.checkout / "plans" / "bench.yaml").write_text(
            f"batch: bench\nrepo: acme/widgets\nconfirmed: {{by: bench, on: 2026-01-01}}\nunits:\n{units}"
            f"{policy}agent: {agent}\n"
        )
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-q", "-m", "chore: start")
        self.github = hub(self.origin.parent / "github", self.checkout, self.units)
        git(self.checkout, "remote", "add", "origin", self.github.git_url)
        os.environ.update(GITHUB_TOKEN=self.github.token, GITHUB_API_URL=self.github.api)


def hub(folder: Path, source: Path, units: list[str]) -> Any:
    found = GitHub(folder, bare=source)
    found.every_head(CI)
    for number, unit in enumerate(units, 1):
        found.issue(f"Add {unit}", "Please.", number=number, author="acme")
    return found


def script(github: Any, units: list[str]) -> int:
    """What a person's script does with `gh api` for each unit, one after the other; how many requests only watched."""
    watched = 0

    def call(method: str, path: str, **data: Any) -> Any:
        request = urllib.request.Request(
            f"{github.api}/repos/acme/widgets{path}", json.dumps(data).encode() if data else None, method=method,
            headers={"Authorization": f"Bearer {github.token}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    heads = [github.person_pushes(f"feat/{unit}", {f"{unit}.txt": unit}, author="ana") for unit in units]
    for number, (unit, head) in enumerate(zip(units, heads, strict=True), 1):
        branch = f"feat/{unit}"
        call("GET", f"/issues/{number}")
        call("GET", f"/issues/{number}/comments")
        call("GET", f"/pulls?head=acme:{branch}&state=open")
        pull = call("POST", "/pulls", head=branch, base="main", title=f"feat: {unit}", body=f"Fixes #{number}")[
            "number"
        ]
        watched += _watch(call, pull, head)
        call("GET", f"/issues/{pull}/comments")
        call("POST", f"/issues/{pull}/comments", body="Reviewed.")
        if number > 1:
            call("PUT", f"/pulls/{pull}/update-branch", expected_head_sha=head)
        head = call("GET", f"/pulls/{pull}")["head"]["sha"]
        watched += _watch(call, pull, head)
        call("PUT", f"/pulls/{pull}/merge", sha=head, merge_method="squash")
        call("GET", f"/pulls/{pull}")
        call("GET", f"/issues/{number}")
        call("DELETE", f"/git/refs/heads/{branch}")
    return watched


def _watch(call: Any, pull: int, head: str) -> int:
    """Both kinds of checks, and whether the pull request is still open, until all have ended; the requests it took."""
    asked = 0
    while True:
        asked += 3
        call("GET", f"/pulls/{pull}")
        call("GET", f"/commits/{head}/status")
        runs = call("GET", f"/commits/{head}/check-runs")["check_runs"]
        if runs and all(run["status"] == "completed" for run in runs):
            return asked


def questions(github: Any) -> Counter[str]:
    """The requests by what they ask, without git's own."""
    asked: Counter[str] = Counter()
    for one in github.requests:
        if one.is_graphql:
            asked[_question(json.loads(one.body)["query"])] += 1
        elif not one.is_git:
            asked[f"{one.method} {re.sub(r'[0-9]+', 'N', one.path)}"] += 1
    return asked


def _question(query: str) -> str:
    if POLL in query:
        return POLL
    found = re.search(r"(\w+)\((?:number: [\d$]|first|oid|input)", query)
    return f"GraphQL {found[1] if found else 'viewer'}"


def say(name: str, requests: int, watching: int, units: int) -> None:
    print(f"{name}: {requests} requests, {requests / units:.1f} a unit; beside them {watching} to watch the checks")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        world = HubWorld(Path(folder), count)
        world.run()
        asked = questions(world.github)
        watching = asked.pop(POLL)
        say("waves", asked.total(), watching, count)
        for what, times in asked.most_common():
            print(f"  {times:4} {what}")
        plain = hub(Path(folder) / "plain", world.checkout, world.units)
        watching = script(plain, world.units)
        say("script", questions(plain).total() - watching, watching, count)
        for one in (world.github, plain):
            one.close()


if __name__ == "__main__":
    main()
