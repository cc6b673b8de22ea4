"""Translate what git and servers say when they refuse something into one line with the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 300  # characters of a server's own words
PROGRESS = re.compile(
    r"Resolving deltas|Counting objects|Compressing objects|Enumerating|Total \d|Checking conn|Processing"
)
DAMAGE = re.compile(
    r"is corrupt|object file \S+ is empty|inflate: |unable to unpack|does not match index|is too small"
    r"|bad object header|not a tree object|Could not read [0-9a-f]{40}|bad file$|hash mismatch|file truncated"
    r"|non-monotonic|wrong index|packfile \S+ (?:is invalid|cannot be|signature|claims)|unable to read"
)
RESULT = re.compile(r"^(?: !|!\s).*\[remote rejected\].*\((?P<why>[^)\n]+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`person`: time alone does not help, so somebody has to act."""

    words: str
    what_next: str
    person: bool = True

    def __str__(self) -> str:
        return f"{self.words}; {self.what_next}"


@dataclass(frozen=True, slots=True)
class Rule:
    """The first rule whose pattern is found counts. `words` may name the groups of the pattern."""

    pattern: str
    words: str  # empty: the server's own
    what_next: str
    person: bool = True


SIGN = "set `commit.gpgSign true` and a key that the server knows"
LOGIN = "`gh auth login`, or set up a credential helper or an SSH key for that account"
RULES: Sequence[Rule] = (
    Rule(r"dubious ownership[^\n]*'(?P<at>[^'\n]+)'", "git refuses {at} because somebody else owns it",
         "if you trust it: `git config --global --add safe.directory {at}`"),
    # What servers check
    Rule(r"verified signatures|must be signed|unsigned commit|not signed", "", SIGN),
    Rule(r"GH001|file size limit|[Ll]arge files? detected|exceeds? the (?:maximum )?(?:allowed )?(?:file )?size", "",
         "take the file out of the commits, or track it with LFS (`git lfs track`)"),
    Rule(r"GH007|private email", "", "`git config user.email` with the address that the server offers for this"),
    Rule(r"[Pp]ush cannot contain secrets|GH009|secret.*detected", "",
         "take the secret out of the commits, then revoke it"),
    Rule(r"SAML SSO|single sign-on", "", "authorize your token or key for that organization"),
    Rule(r"was archived|read-only\.$|is read-only", "", "unarchive the repository, or use another one as origin"),
    Rule(r"GH006|GH013|rule violations|[Pp]rotected branch|not allowed to push", "",
         "exempt this account from the rule, or have somebody with that right do it"),
    Rule(r"quota", "", "make room on the server, or ask for more"),
    Rule(r"pack exceeds maximum|HTTP 413|too large", "the push is larger than the server takes",
         "push less at once, or have its limit raised"),
    Rule(r"locked by|[Ll]ocks? .*lfs|lfs.*\block", "", "`git lfs locks` shows who has it; `git lfs unlock FILE`"),
    Rule(r"deletion prohibited|denying ref deletion|refusing to delete", "the server lets nobody delete refs",
         "delete them there by hand, or `git config receive.denyDeletes false` in it"),
    Rule(r"denying non-fast-forward|\(non-fast-forward\)", "the server takes no rewritten branch",
         "`git config receive.denyNonFastForwards false` there, or allow force pushes to this branch"),
    Rule(r"branch is currently checked out|refusing to update checked out branch",
         "origin has that branch checked out", "use a bare repository as origin: `git clone --bare`"),
    Rule(r"shallow update not allowed", "the server takes no push from a shallow clone", "`git fetch --unshallow`"),
    Rule(r"'(?P<ref>refs/[^']+)': '(?P<other>refs/[^']+)' exists; cannot create",
         "{ref} can't be created, because {other} exists", "delete or rename that one, or the unit"),
    Rule(r"'(?P<ref>refs/[^']+)'[^\n]*already exists", "{ref} exists already", "delete or rename it, or the unit"),
    # Who we are
    Rule(r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED", "the server's host key is not the known one",
         "check it with whoever runs the server, then `ssh-keygen -R HOST` and `ssh HOST`"),
    Rule(r"Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|"
         r"Permission denied \((?:publickey|password)|error: 40[13]|HTTP 40[13]|Invalid username or|HTTP Basic: Access",
         "the server does not accept who you are", LOGIN),
    Rule(r"(?P<who>Permission to \S+ denied to \S+?)\.?$", "{who}", LOGIN),
    Rule(r"certificate (?:problem|verif)|SSL certificate|self.signed certificate",
         "the server's certificate is not trusted", "set `http.sslCAInfo` to the file of its authority"),
    Rule(r"[Rr]epository (?:'[^'\n]*' )?not found|does not appear to be a git repository|error: 404",
         "origin is no repository, or one that you may not see",
         "`git remote set-url origin URL`, or get access to it"),
    # Disks
    Rule(r"remote:[^\n]*No space left|unpack[^\n]*No space left", "the server's disk is full", "make room there"),
    Rule(r"No space left on device|Disk quota exceeded", "the disk is full", "make room"),
    Rule(r"insufficient permission for adding|Read-only file system|unable to create temporary",
         "git can't write to the repository", "see who may write there, and how it is mounted"),
    Rule(r"(?P<lock>'[^'\n]+\.lock'): File exists", "another git works in the repository, or one died there ({lock})",
         "end it, or remove that file"),
    # What time does not heal
    Rule(rf"^(?:remote: )?(?P<what>[^\n]*(?:{DAMAGE.pattern})[^\n]*)", "origin or this repository is damaged: {what}",
         "`git fsck` in each of them says which, and a fresh clone of the other one mends it"),
    # What time heals
    Rule(r"Could not resolve host|Connection (?:refused|timed out|reset)|Network is unreachable|Operation timed out|"
         r"error: 5\d\d|HTTP 5\d\d|early EOF|RPC failed|hung up unexpectedly|Failed to connect",
         "origin can't be reached", "see to the network; the next `doit` tries again", person=False),
    # Whatever else a server says
    Rule(r"hook declined", "", "ask whoever runs the server, or make the hook there allow it"),
    Rule(r"\[remote rejected\]", "", "ask whoever runs the server"),
)  # fmt: skip


def refusal(said: str) -> Refusal | None:
    """What is to be said of git's output; None: it is no refusal that is known here."""
    for rule in RULES:
        if found := re.search(rule.pattern, said, re.MULTILINE):
            named = found.groupdict()
            words = rule.words.format(**named) if rule.words else f"the server refuses: {_servers(said)}"
            return Refusal(words, rule.what_next.format(**named), rule.person)
    return None


def _servers(said: str) -> str:
    """A server's own words, without what it says of progress and git of the push."""
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines() if line.startswith("remote:")]
    told = [re.sub(r"^(?:error|fatal): ", "", line) for line in lines if re.search(r"\w", line)]
    told = [line for line in told if not PROGRESS.match(line)]
    reasons = [found["why"] for found in RESULT.finditer(said) if not found["why"].startswith("atomic")]
    words = " ".join(dict.fromkeys(told)) or ", ".join(dict.fromkeys(reasons)) or " ".join(said.split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
