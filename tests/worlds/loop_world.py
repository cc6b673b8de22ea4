"""A repository, its bare origin, a committed plan and a scripted agent, for the tests of the whole loop.

Waves is started as a process of its own, as a person would. Most of them are forks of one that has done the imports:
starting Python anew for every command would take half of the time.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(__file__).with_name("scenario_agent.py")
GOES_ON = 1000  # no exit code
DEADLINE = 60.0  # seconds; far more than anything here takes

FILES = {
    "app.txt": "one\n", ".gitignore": "*.log\n",
    "dodo.py": 'from waves.tasks import load\n\nglobals().update(load("plans"))\n',
}  # fmt: skip
# What the agents do unless a test says otherwise.
IMPLEMENT = 'echo "$WAVES_UNIT" > "$WAVES_UNIT.txt"; git add --all; git commit -qm "feat: $WAVES_UNIT"'
CORRECT = """
case "$WAVES_CYCLE" in
turn*) git rebase -q origin/main ;;
*) echo "$WAVES_CYCLE" >> "$WAVES_UNIT.txt"; git add --all; git commit -qm "fix: correct $WAVES_UNIT $WAVES_CYCLE" ;;
esac
"""


# ---- what scripts are made of


def item(issue: str = "it is wrong", **more: Any) -> dict[str, Any]:
    return {
        "file": "app.txt", "line": 1, "issue": issue, "fix": "mend it", "priority": 1, "confidence": 0.9, **more,
    }  # fmt: skip


def review(verdict: str = "approved", **lists: Sequence[Mapping[str, Any]]) -> str:
    """A script that answers with a review."""
    return say(written(verdict, **lists))


def written(verdict: str = "approved", **lists: Sequence[Mapping[str, Any]]) -> str:
    """A review as a reviewer writes it."""
    empty: dict[str, Any] = {"blocking": [], "should_fix": [], "nits": [], "scope_violations": []}
    return json.dumps({"verdict": verdict, "summary": "looked at it", **empty, **lists})


def say(value: Any) -> str:
    """A script that leaves a last message: text, or JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"cat > \"$WAVES_OUTPUT\" <<'END'\n{text}\nEND\n"


def write(name: str, text: str) -> str:
    return f"mkdir -p \"$(dirname '{name}')\"; cat > '{name}' <<'END'\n{text}\nEND\n"


def commit(message: str = "feat: work", **files: str) -> str:
    """A script that writes files (`_` is a dot in their names) and commits everything."""
    return "".join(write(name.replace("_", "."), text) for name, text in files.items()) + (
        f"git add --all; git commit -qm '{message}'\n"
    )


NOTHING_AMISS: dict[str, list[str]] = {
    "accounted": [], "approved": [], "as-reviewed": [], "commented": [], "cleaned": [], "made-by-runs": [],
    "base": [],
}  # fmt: skip
APPROVED = review()
BLOCKING = review("blocking", blocking=[item("no test")])


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    out: str

    def line(self, word: str) -> str:
        """The one line of the output that holds a text."""
        found = [line for line in self.out.splitlines() if word in line]
        assert len(found) == 1, f"{len(found)} lines hold {word!r}:\n{self.out}"
        return found[0]

    def asks(self) -> list[str]:
        """The commands that a person is told to give, without the reason."""
        lines = [line.strip() for line in self.out.splitlines() if line.startswith("      waves rule")]
        return [line.partition(" --why")[0] for line in lines]


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout, self.origin, self.forge = (folder / name for name in ("work", "origin.git", "origin.forge"))
        self.scenario, self.home = folder / "scenario", folder / "home"
        self.extra: dict[str, str] = {}  # of the environment
        self.scenario.mkdir(parents=True)
        self.home.mkdir()
        self.scripts = {"implementer": IMPLEMENT, "corrector": CORRECT, "reviewer": APPROVED}
        self.agent()

    def copy(self, template: World) -> World:
        """Begin as another world did, which is quicker than `begin`."""
        shutil.copytree(template.checkout, self.checkout)
        shutil.copytree(template.origin, self.origin)
        config = self.checkout / ".git/config"
        config.write_text(config.read_text().replace(str(template.origin), str(self.origin)))
        return self

    def begin(self) -> World:
        """Make both repositories, with a first commit."""
        self.git("init", "-q", "--bare", "--template=", "--initial-branch=main", str(self.origin), at=self.folder)
        self.git("init", "-q", "--template=", "--initial-branch=main", str(self.checkout), at=self.folder)
        self.git("config", "user.name", "Ana")
        self.git("config", "user.email", "ana@example.org")
        self.git("remote", "add", "origin", str(self.origin))
        (self.checkout / ".git/info").mkdir()
        (self.checkout / ".git/info/exclude").write_text("/.waves/\n/.worktrees/\n")
        self.commit(FILES, "chore: start")
        return self

    # ---- git, as a person types it

    def git(self, *arguments: str, at: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=at or self.checkout, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str], text: str = "chore: more", at: Path | None = None) -> str:
        """Commit files on the branch that is checked out, and push it."""
        for name, content in files.items():
            path = (at or self.checkout) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all", at=at)
        self.git("commit", "-qm", text, at=at)
        branch = self.git("branch", "--show-current", at=at)
        if self.head(f"refs/heads/{branch}"):
            self.git("pull", "-q", "--rebase", "origin", branch, at=at)
        self.git("push", "-q", "origin", branch, at=at)
        return self.git("rev-parse", "HEAD", at=at)

    def colleague(self) -> Path:
        """Another clone, of somebody who pushes to the same origin."""
        path = self.folder / "colleague"
        if not path.exists():
            self.clone(path, name="Bo")
        self.git("fetch", "-q", "--prune", "origin", at=path)
        return path

    def clone(self, path: Path, *options: str, name: str = "Ana") -> Path:
        """Somebody's clone of the origin, at `path`."""
        self.git("clone", "-q", *options, str(self.origin), str(path), at=self.folder)
        self.git("config", "user.name", name, at=path)
        self.git("config", "user.email", f"{name.lower()}@example.org", at=path)
        return path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return kept | {
            "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "TERM": "dumb",
            "PYTHONPATH": str(ROOT), "LOOP_SCENARIO": str(self.scenario),
            **self.extra,
        }  # fmt: skip

    # ---- the plan and the agent

    def plan(self, *units: Mapping[str, Any] | str, name: str = "b", **keys: Any) -> None:
        """Write, commit and push a plan; a unit may be just its name. An issue is there for each that it names."""
        self.write_plan(*units, name=name, **keys)
        self.commit({}, f"chore: plan {name}")

    def write_plan(self, *units: Mapping[str, Any] | str, name: str = "b", **keys: Any) -> None:
        listed = []
        for number, one in enumerate(units, 1):
            given = {"unit": one} if isinstance(one, str) else dict(one)
            listed.append({"issues": [number], "type": "feat"} | given)
        plan = {
            "batch": name, "forge": "local", "local": {"checks": ["test ! -e BROKEN"]},
            "confirmed": {"by": "ana", "on": "2026-11-20"}, "units": listed,
            "agent": {"kind": "command", "command": [sys.executable, "-I", "-S", str(AGENT)], "env": ["LOOP_SCENARIO"],
                      "sandbox": "danger-full-access"},
        } | keys  # fmt: skip
        for unit in listed:
            for number in unit["issues"]:
                self.issue(number)
        for skipped in keys.get("skip", ()):
            self.issue(skipped["issue"])
        path = self.checkout / "plans" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        written = {key: value for key, value in plan.items() if value is not None}
        path.write_text(yaml.safe_dump(written, sort_keys=False, default_flow_style=None, width=1000))

    def issue(self, number: int, text: str = "") -> None:
        path = self.checkout / "issues" / f"{number}-x.md"
        if text or not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text or f"# Thing {number}\n\nPlease make thing {number} work.\n")

    def agent(self, **scripts: str) -> None:
        """Change what agents do: `reviewer_a_0_1` is the first reviewer of unit `a` in cycle 0."""
        self.scripts |= {name.replace("_", " "): script for name, script in scripts.items()}
        target = self.scenario / "scenario.json"
        with (self.scenario / "new").open("w") as file:
            json.dump(self.scripts, file)
        (self.scenario / "new").replace(target)

    def journal(self, word: str = "start") -> list[str]:
        path = self.scenario / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]

    def paid(self, prefix: str = "") -> list[str]:
        """The agents that were started: role, unit, cycle, attempt."""
        return sorted(line for line in self.journal() if line.startswith(prefix))

    def prompt(self, name: str) -> str:
        return (self.scenario / f"{name.replace(' ', '-')}.prompt").read_text()

    def gate(self, name: str = "gate") -> str:
        """A pipe; the script that is returned waits at it until `open_gate` has come and gone."""
        os.mkfifo(self.scenario / name)
        return f'cat "$LOOP_SCENARIO/{name}"\n'

    @contextlib.contextmanager
    def open_gate(self, name: str = "gate") -> Iterator[None]:
        """Waits until somebody stands at the gate, and lets them through at the end."""
        with (self.scenario / name).open("w"):
            yield

    # ---- Waves, as a person starts it

    def run(self, *arguments: str, code: int | None = 0, at: Path | None = None) -> Ran:
        """`waves run …`, which must end with `code` (None: with any)."""
        return self.waves("run", *arguments, code=code, at=at)

    def waves(self, *arguments: str, code: int | None = 0, at: Path | None = None) -> Ran:
        done = self.start(*arguments, at=at).wait()
        assert code is None or done.code == code, f"waves {' '.join(arguments)} ended with {done.code}:\n{done.out}"
        return done

    def start(self, *arguments: str, at: Path | None = None) -> Process:
        return starter().start(arguments, at or self.checkout, self.environment, self.folder)

    def rule(self, *arguments: str) -> None:
        self.waves("rule", *arguments, "--why", "because")

    def python_doit(self, *arguments: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "doit", *arguments], cwd=self.checkout, env=self.environment, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout)

    # ---- what it came to

    def pulls(self) -> dict[str, dict[str, Any]]:
        """The pull requests by branch; there is never a second one."""
        found = [json.loads(path.read_text()) for path in (self.forge / "pulls").glob("*.json")]
        assert len({one["branch"] for one in found}) == len(found)
        return {one["branch"]: one for one in found}

    def comments(self, branch: str) -> dict[str, str]:
        """Marker to body of the comments on a branch's pull request, oldest first."""
        number = self.pulls()[branch]["number"]
        found = [json.loads(path.read_text()) for path in (self.forge / "comments" / str(number)).glob("*.json")]
        return {one["marker"].rpartition("/")[2]: one["body"] for one in sorted(found, key=lambda one: one["written"])}

    def merged(self) -> list[str]:
        """The subjects of what was merged into main, oldest first, without what set the world up."""
        subjects = self.git("log", "--reverse", "--first-parent", "--format=%s", "main", at=self.origin).splitlines()
        return [subject for subject in subjects if not subject.startswith("chore:")]

    def landed(self) -> list[str]:
        """The issues' titles in the order in which they were merged."""
        return [subject.removeprefix("feat: ").partition(" (")[0] for subject in self.merged()]

    def tree(self, ref: str = "main") -> dict[str, str]:
        """The files at a ref of the origin, without plans and issues."""
        names = self.git("ls-tree", "-r", "--name-only", ref, at=self.origin).splitlines()
        chosen = [name for name in names if not name.startswith(("plans/", "issues/", ".gitignore", "dodo.py"))]
        return {name: self.git("show", f"{ref}:{name}", at=self.origin) for name in chosen}

    def head(self, ref: str, at: Path | None = None) -> str:
        return self.git("rev-parse", "--verify", "--quiet", ref, at=at or self.origin, check=False)

    def branches(self, at: Path | None = None) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads", at=at or self.origin).splitlines()

    def worktree(self, unit: str, issue: int = 1) -> Path:
        return self.checkout / ".worktrees" / f"issue-{issue}-{unit}"

    def worktrees(self) -> list[str]:
        folder = self.checkout / ".worktrees"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def unit(self, name: str, batch: str = "b") -> Path:
        """A unit's folder of records."""
        return self.checkout / ".waves" / batch / name

    def read(self, name: str, file: str) -> dict[str, Any]:
        value = json.loads((self.unit(name) / file).read_text())
        assert isinstance(value, dict)
        return value

    def states(self) -> dict[str, str]:
        """Unit to the state that its last `doit` wrote down."""
        return {path.parent.name: json.loads(path.read_text())["state"]
                for path in (self.checkout / ".waves").glob("*/*/outcome.json")}  # fmt: skip

    def audit(self, at: Path | None = None) -> dict[str, list[str]]:
        """Criterion to the evidence that does not hold."""
        found = json.loads(self.waves("audit", "--json", code=None, at=at).out)["audits"][0]
        return {one["criterion"]: [each["text"] for each in one["evidence"] if not each["ok"]]
                for one in found["criteria"]}  # fmt: skip

    def end(self) -> None:
        """End whatever a test left running."""
        from waves.agents import run

        for spec in (
            *self.checkout.glob(".waves/*/*/runs/*/spec.json"),
            *self.folder.glob("*/.waves/*/*/runs/*/spec.json"),
        ):
            run.stop(spec.parent)
            run.kill_leftovers(spec.parent)


# ---- processes


@dataclass
class Process:
    pid: int
    output: Path
    starter: Starter
    code: int | None = None

    @property
    def out(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def wait(self) -> Ran:
        if self.code is None:
            self.code = self.starter.ask(wait=self.pid)
        return Ran(self.code, self.out)

    def ended(self) -> bool:
        if self.code is None:
            answer = self.starter.ask(look=self.pid)
            self.code = None if answer == GOES_ON else answer
        return self.code is not None

    def kill(self, number: signal.Signals = signal.SIGKILL) -> Ran:
        """End it by a signal; one that has ended already stays as it is."""
        if self.code is None:
            os.kill(self.pid, number)  # not reaped before we ask, so the number is still its own
        return self.wait()

    def until(self, word: str) -> None:
        """Wait until it has said something."""
        until(lambda: word in self.out, f"it says {word!r}")


class Starter:
    """Forks processes that have the imports done."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))},
        )  # fmt: skip
        self._asking = threading.Lock()
        atexit.register(self.close)

    def start(
        self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], folder: Path, fault: str = ""
    ) -> Process:
        """`fault` is what befalls the process: see crash/faults.py."""
        output = folder / f"output-{time.monotonic_ns()}"
        job = {"arguments": list(arguments), "cwd": str(cwd), "env": dict(env), "output": str(output), "fault": fault}
        output.touch()
        return Process(self.ask(start=job), output, self)

    def ask(self, **question: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        with self._asking:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@functools.cache
def starter() -> Starter:
    return Starter()


def until(true: Any, what: str) -> Any:
    """The first true value of a question, asked again and again until the deadline."""
    end = time.monotonic() + DEADLINE
    while not (answer := true()):
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.002)
    return answer


# What every command imports in the end.
IMPORTED = (
    "doit.doit_cmd", "github", "jinja2", "jsonschema", "strictyaml", "waves.cli", "waves.batch.audit",
    "waves.cli.deploy", "waves.cli.recover", "waves.cli.rule", "waves.cli.advance",
    "waves.forges.github", "waves.forges.local.forge", "waves.report.audit", "waves.steps.driver",
)  # fmt: skip


def _serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        question = json.loads(line)
        if "start" in question:
            answer = _fork(question["start"])
        else:
            answer = _wait(question["wait"]) if "wait" in question else _look(question["look"])
        print(answer, flush=True)


def _fork(job: dict[str, Any]) -> int:
    if child := os.fork():
        return child
    code = 70
    try:
        os.setsid()
        handle = os.open(job["output"], os.O_WRONLY | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (handle, 1), (handle, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(job["env"])
        os.chdir(job["cwd"])
        from waves import cli

        if job["fault"]:
            from crash import faults

            faults.install(job["fault"])
        code = cli.run(job["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _look(pid: int) -> int:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else GOES_ON


def _wait(pid: int) -> int:
    end = time.monotonic() + DEADLINE
    while (code := _look(pid)) == GOES_ON:
        if time.monotonic() > end:
            os.kill(pid, signal.SIGABRT)
        time.sleep(0.002)
    return code


if __name__ == "__main__":
    _serve()
