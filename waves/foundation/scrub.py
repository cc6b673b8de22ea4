"""Takes secrets out of text that is kept or published, and says which they were; it looks for none itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

SHORTEST = 8  # characters; what is shorter stands in too many other words
# Variables by their names, of an environment or a `.env`: a word of the name says that the value is a secret.
SECRET_NAME = re.compile(
    r"(?:\w+_)?(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PAT|KEYS?|APIKEY|CREDENTIALS?|AUTH|WEBHOOK)(?:_\w+)?",
    re.IGNORECASE | re.ASCII,
)
# Variables that hold a token of the forge: nobody but Waves and the forge may have it.
FORGE_TOKEN = re.compile(
    r"(?:GH|GITHUB)_(?:\w+_)?(?:TOKEN|PAT)|WAVES_(?:\w+_)?TOKEN|WAVES_APP_PRIVATE_KEY(?:_FILE)?", re.IGNORECASE
)
# What is told of a secret and is none, and the settings that git finds by number.
OTHER_NAME = re.compile(
    r"GIT_CONFIG_KEY_\d+|(?!.*WEBHOOK).*_(?:URL|URI|HOST|PORT|PATH|FILE|DIR|NAME|USER|USERNAME|EMAIL|ENDPOINT|TYPE|TTL)",
    re.IGNORECASE,
)
# One word, a number, or a path: everybody's test password, and where a key is rather than the key.
GUESSABLE = re.compile(r"[a-z]+|[A-Z]+|\d+|[~.]{0,2}/.*|[A-Za-z]:\\.*", re.DOTALL)
SETTING = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s#]*))", re.MULTILINE
)

# As their issuers write them: words that must be there for a look, and the whole. What stands before must not be a
# letter, so that no word is cut in two; nothing here takes a quote or a backslash, so that JSON stays JSON.
SHAPES = {
    "a private key": (
        ["PRIVATE KEY-----"],
        (r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----(?:(?:(?!-----)(?:\\+[nr]|[A-Za-z0-9+/=:,\s-])){0,20000}?"
        r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|(?:(?:\\+[nr]|\s)*[A-Za-z0-9+/=]{30,})*)"),
    ),
    "a GitHub token": (
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,255}",
    ),
    "a GitLab token": (["glpat-", "glptt-", "glrt-", "gldt-"], r"gl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{20,255}"),
    "a key of a model's provider": (["sk-"], r"sk-(?=[A-Za-z_-]{0,30}\d)[A-Za-z0-9_-]{20,255}"),
    "a Stripe key": (["k_live_", "k_test_"], r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}"),
    "an AWS key": (["AKIA", "ASIA"], r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    "a Google key": (["AIza"], r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    "a Slack token": (["xox"], r"xox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    "a Slack webhook": (["hooks.slack.com"], r"(?<=hooks\.slack\.com/services/)\w{1,99}/\w{1,99}/\w{16,99}"),
    "an npm token": (["npm_"], r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    "a PyPI token": (["pypi-"], r"pypi-[A-Za-z0-9_-]{50,255}"),
    "a JSON web token": (["eyJ"], r"eyJ[A-Za-z0-9_-]{10,300}\.eyJ[A-Za-z0-9_-]{10,4999}\.[A-Za-z0-9_-]{10,999}"),
    # `https://user:password@`, but not `https://user:$PASSWORD@`.
    "a password": (["://"], r"(?<=://)[^\s/:@\"'\\<>\[\]]{0,200}:(?![$%<{*])[^\s/@\"'\\<>\[\]]{3,400}(?=@)"),
}  # fmt: skip
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4}))"  # in JSON a line may begin after an `n`
_COMPILED = {name: (marks, re.compile(_START + shape)) for name, (marks, shape) in SHAPES.items()}


def secrets_among(variables: Mapping[str, str]) -> dict[str, str]:
    """Value to name of the variables that are secrets by their name, and not too short or too plain for it."""
    return {
        value: name for name, value in variables.items()
        if SECRET_NAME.fullmatch(name) and not OTHER_NAME.fullmatch(name) and is_worth_hiding(value)
    }  # fmt: skip


def is_worth_hiding(value: str) -> bool:
    """Whether taking a value out of texts hides something, rather than making them unreadable."""
    return len(value) >= SHORTEST and GUESSABLE.fullmatch(value) is None


def holds_forge_token(value: str) -> bool:
    """Whether a value is, or contains, what has the shape of a token of GitHub."""
    return _COMPILED["a GitHub token"][1].search(value) is not None


def settings(text: str) -> dict[str, str]:
    """The variables that a `.env` file sets, those on one line each."""
    return {found[1]: found[2] or found[3] or found[4] or "" for found in SETTING.finditer(text)}


class Scrubber:
    """Replaces secrets by `[secret: NAME]`: those known by value, and whatever has the shape of one."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """`known` is value to name; names are words."""
        # In JSON a quote or a backslash looks otherwise.
        self._known = {form: name for value, name in known.items() for form in (value, json.dumps(value)[1:-1])}
        # The longest first: one may be part of another.
        longest = sorted(self._known, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def __call__(self, text: str) -> str:
        """The text without secrets. A text without any comes back as it is, and so does one that was scrubbed."""
        if any(form in text for form in self._known):
            text = self._values.sub(lambda found: f"[secret: {self._known[found[0]]}]", text)
        before = None
        while text != before:  # what was the end of one secret may have hidden the beginning of the next
            before = text
            for name, (marks, shape) in _COMPILED.items():
                if any(mark in text for mark in marks):
                    text = shape.sub(f"[secret: {name}]", text)
        return text

    def held_by(self, *pieces: str | bytes) -> list[str]:
        """The names of the secrets known by value that a text holds, which may come in pieces."""
        return self.held_in(pieces)

    def held_in(self, pieces: Iterable[str | bytes]) -> list[str]:
        found: set[str] = set()
        longest = max((len(form.encode("utf-8", "surrogatepass")) for form in self._known), default=1)
        before = b""
        for piece in pieces:
            data = before + (piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape"))
            found |= {self._known[one] for one in self._values.findall(data.decode("utf-8", "surrogateescape"))}
            before = data[-longest:]  # a value may begin in one piece and end in the next
        return sorted(found)
