"""Plans for tests: hypothesis strategies for what a plan says, and a writer that lays it out in many ways."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

SMALL = """\
batch: auth
units:
  - unit: claim-verdicts
    issues: [41]
    type: refactor
  - unit: form-typos
    issues: [52, 53]
    type: fix
"""

DESIGN = Path(__file__).parents[2] / "docs" / "design.md"


def example() -> str:
    """The design's own plan; its `local` block asks for the local forge."""
    found = re.search(r"```yaml\n(batch:.*?)```", DESIGN.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1].replace("forge: github", "forge: local")


# Whatever a person may type, without the characters that the plan refuses.
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\ufeff"), min_size=1,
    max_size=20,
).filter(str.strip)  # fmt: skip
PHRASES = st.one_of(
    WORDS, st.sampled_from(["yes", "~", "null", "12", "a: b", "- x", "# no", "it's", '"q"', "{a}", "*x"])
)
SLUGS = st.from_regex(r"[a-z]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data of a plan without faults: dicts, lists and texts."""
    names = draw(st.lists(SLUGS, min_size=1, max_size=4, unique=True))
    plan: dict[str, Any] = {
        "batch": draw(SLUGS),
        "units": [draw(units(name, place)) for place, name in enumerate(names)],
    }
    for key, value in {
        "base": st.sampled_from(["trunk", "release/1.x"]),
        "merge_order": st.permutations(names).map(lambda order: order[:2]),
        "skip": st.fixed_dictionaries({"issue": st.just("900"), "why": PHRASES}).map(lambda one: [one]),
        "findings": st.lists(findings(), max_size=2),
        "numbering": numberings(names),
        "policy": st.sampled_from(
            [{"reviewers": "2"}, {"run_timeout": "90s", "merge": "ask"}, {"trusted": ["ana", "bo-2"], "draft": "true"}]
        ),
        "agent": st.fixed_dictionaries(
            {"kind": st.just("codex"), "config": st.dictionaries(SLUGS, PHRASES, max_size=2)}
        ),
        "setup": st.just({"copy": [".env"], "run": ["npm ci"]}),
        "rulings": st.lists(rulings(names), max_size=3),
    }.items():
        if draw(st.booleans()):
            plan[key] = draw(value)
    keys = draw(st.permutations(list(plan)))
    return {key: plan[key] for key in keys}


@st.composite
def units(draw: st.DrawFn, name: str, place: int) -> dict[str, Any]:
    unit: dict[str, Any] = {"unit": name, "issues": [str(10 * place + one) for one in (1, 2)], "type": "fix"}
    for key, value in {
        "why": PHRASES,
        "scope": st.fixed_dictionaries({"in": st.lists(PHRASES, max_size=2), "out": st.lists(PHRASES, max_size=2)}),
        "decisions": st.lists(st.fixed_dictionaries({"ask": PHRASES, "answer": PHRASES}), max_size=2),
        "checks": st.lists(PHRASES, max_size=2),
    }.items():
        if draw(st.booleans()):
            unit[key] = draw(value)
    return unit


def findings() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"issues": st.just(["1", "2"]), "kind": st.just("dependency"), "resolution": PHRASES},
        optional={"evidence": PHRASES},
    )


def numberings(names: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    numbers = st.lists(st.sampled_from(["next", None]), min_size=len(names), max_size=len(names))
    return numbers.map(
        lambda chosen: [
            {
                "series": "docs/NNN-*.md",
                "assign": {
                    name: one or str(place + 5) for place, (name, one) in enumerate(zip(names, chosen, strict=True))
                },
            }
        ]
    )


def rulings(names: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {
            "unit": st.sampled_from(names),
            "item": st.sampled_from(["B1@0", "review@2", "merge"]),
            "ruling": st.sampled_from(["defer", "retry"]),
        },
        optional={"why": PHRASES, "digest": st.just("00112233")},
    )


class Writer:
    """Lays plain data out as YAML: block or flow, any indentation and quoting, comments wherever they may stand."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.comments = 0

    def document(self, plan: dict[str, Any]) -> str:
        if self.draw(st.integers(0, 5)) == 0:
            return self.flow(plan) + self.comment() + "\n"
        text = self.comment().lstrip() + "\n" + self.block(plan, self.draw(st.sampled_from(["", "", " "]))) + "\n"
        around = self.draw(st.sampled_from(["", "", "---", "..."]))
        text = f"---\n{text}" if around == "---" else f"{text}...\n" if around else text
        text = text.rstrip("\n") if self.draw(st.booleans()) else text
        return text.replace("\n", "\r\n") if self.draw(st.integers(0, 4)) == 0 else text

    def comment(self) -> str:
        if not self.draw(st.booleans()):
            return ""
        self.comments += 1
        return f"  # note {self.comments}: [] {{}} rulings:"

    def block(self, value: Any, margin: str) -> str:
        """Lines without the last line end; the first line has its margin."""
        lines = []
        if isinstance(value, dict):
            for key, one in value.items():
                if self.draw(st.integers(0, 6)) == 0:
                    lines.append(f"{margin}# above {key}")
                lines.append(f"{margin}{key}:{self.after_key(one, margin)}")
        else:
            lines += [f"{margin}- {self.item(one, margin)}" for one in value]
        return "\n".join(lines)

    def after_key(self, value: Any, margin: str) -> str:
        if isinstance(value, str):
            return self.text_after_key(value, margin)
        if not value or self.draw(st.booleans()):
            return f" {self.flow(value)}{self.comment()}"
        deeper = margin + self.draw(st.sampled_from(["  ", "    ", " ", "" if isinstance(value, list) else "   "]))
        return f"{self.comment()}\n{self.block(value, deeper)}"

    def text_after_key(self, value: str, margin: str) -> str:
        if value[0] not in " #" and re.fullmatch(r"[ -~]+\S", value) and self.draw(st.integers(0, 3)) == 0:
            # A block text, which ends in a line end unless it is stripped.
            return f" |-\n{margin}  {value}"
        return f" {self.scalar(value)}{self.comment()}"

    def item(self, value: Any, margin: str) -> str:
        if isinstance(value, str):
            return f"{self.scalar(value)}{self.comment()}"
        if self.draw(st.booleans()):
            return f"{self.flow(value)}{self.comment()}"
        return self.block(value, margin + "  ").lstrip(" ")

    def flow(self, value: Any) -> str:
        if isinstance(value, str):
            return self.scalar(value)
        parts = (
            [f"{key}: {self.flow(one)}" for key, one in value.items()]
            if isinstance(value, dict)
            else [self.flow(one) for one in value]
        )
        comma = "," if parts and self.draw(st.integers(0, 4)) == 0 else ""
        left, right = "{}" if isinstance(value, dict) else "[]"
        return left + ", ".join(parts) + comma + right

    def scalar(self, value: str) -> str:
        ways = [json.dumps(value, ensure_ascii=False)]
        if "\n" not in value:
            ways.append("'" + value.replace("'", "''") + "'")
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@/.-]*", value):
            ways.append(value)
        return self.draw(st.sampled_from(ways))


@st.composite
def texts(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Plain data of a plan, and one way to write it."""
    plan = draw(plans())
    return plan, Writer(draw).document(plan)
