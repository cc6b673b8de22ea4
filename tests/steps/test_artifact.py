"""What a reviewer is shown of a change, on real repositories whose attributes and settings would hide it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from waves import git
from waves.git import Repository
from waves.steps import artifact
from waves.steps.artifact import ShownFile

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org",
}  # fmt: skip
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = git.init(tmp_path / "checkout")
    commit(found, {"start.txt": b"one\ntwo\n"})
    return found


def commit(repository: Repository, files: dict[str, bytes | None]) -> str:
    assert repository.work_tree is not None
    for name, data in files.items():
        path = repository.work_tree / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return git.commit_all(repository, "change\n", IDENTITY)


def shown(repository: Repository, old: str, new: str) -> dict[str, ShownFile]:
    return {one.path: one for one in artifact.shown_files(repository, old, new)}


def added(repository: Repository, name: str, data: bytes) -> ShownFile:
    """What is shown of one file that a commit adds."""
    old = git.resolve(repository, "HEAD")
    assert old is not None
    return shown(repository, old, commit(repository, {name: data}))[name]


def lines_of(patch: str, mark: str = "+") -> list[str]:
    body = patch[patch.index("\n@@ ") + 1 :].splitlines()
    return [line[1:] for line in body if line.startswith(mark)]


# ---- everything in a line can be seen

UNSEEN = [
    "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1b[1A", "\b", "\x7f", "\0", "\x9b", "\u200b", "\u200c", "\u200d",
    "\u2060", "\u2064", "\ufeff", "\u00ad", "\u034f", "\u115f", "\u3164", "\uffa0", "\u180e", "\u061c", "\u200e",
    "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\U000e0041",
    "\U000e0001", "\ufe0f", "\ufe00", "\U000e0100", "\U0001d173", "\ufff9",
]  # fmt: skip


@pytest.mark.parametrize("character", UNSEEN, ids=[f"U+{ord(one[0]):04X}" for one in UNSEEN])
def test_what_nobody_sees_in_code_is_spelled_out_and_named(repository: Repository, character: str) -> None:
    one = added(repository, "run.py", f"a = 1\n# see the handbook {character}print(1337)\n".encode())
    number = f"U+{ord(character[0]):04X}"
    assert lines_of(one.patch)[1].startswith(f"# see the handbook <{number}>")
    assert lines_of(one.patch)[1].endswith("print(1337)")
    assert all(character.isprintable() or character == "\n" for character in one.patch)
    assert len(one.reasons) == 1
    assert number in one.reasons[0]
    assert one.reasons[0].endswith("at line 2")
    assert artifact.flags([one]) == (f"run.py: {one.reasons[0]}",)


DISGUISED = [
    "is_\u0430dmin", "\u0440assword", "user\u039dame", "\u043es", "ex\u0435c", "\U0001d41e\U0001d431ec", "\uff45xec",
    "\u212aey", "c\u0585py", "\u13aaccess", "\u03b1dmin",
]  # fmt: skip


@pytest.mark.parametrize("word", DISGUISED, ids=ascii)
def test_a_word_with_letters_that_look_like_others_is_spelled_out_in_code(repository: Repository, word: str) -> None:
    one = added(repository, "run.js", f"if ({word}) go();\n".encode())
    seen = "".join(letter if letter.isascii() else f"<U+{ord(letter):04X}>" for letter in word)
    assert lines_of(one.patch) == [f"if ({seen}) go();"]
    assert one.reasons == (f"word with letters that look like others ({seen}) at line 1",)


@pytest.mark.parametrize("line", ["\u0435\u0445\u0435\u0441('x')", "def \u0441\u043e\u0440\u0443(): pass",
                                  "self.\u0441\u043e\u0440\u0443"], ids=ascii)  # fmt: skip
def test_a_name_in_letters_that_all_look_like_others_is_found(repository: Repository, line: str) -> None:
    (reason,) = added(repository, "run.py", f"{line}\n".encode()).reasons
    assert reason.startswith("word with letters that look like others")


def test_only_added_lines_are_judged(repository: Repository) -> None:
    bad = "# \r\u202e \u0430dmin\n".encode()
    old = commit(repository, {"kept.py": bad + b"a\nb\n", "moved.py": bad + b"x\ny\nz\n" * 9, "cleaned.py": bad})
    new = commit(repository, {"kept.py": bad + b"a\nc\n", "moved.py": None, "here.py": bad + b"x\ny\nz\n" * 9,
                              "cleaned.py": b"# good\n"})  # fmt: skip
    found = shown(repository, old, new)
    assert {path: one.reasons for path, one in found.items()} == {"kept.py": (), "here.py": (), "cleaned.py": ()}
    assert "# <U+000D><U+202E> <U+0430>dmin" in found["kept.py"].patch
    assert found["here.py"].source == "moved.py"


def test_a_byte_that_is_no_text_is_spelled_out(repository: Repository) -> None:
    assert lines_of(added(repository, "old.c", b"caf\xe9\n").patch) == ["caf<byte E9>"]


def test_line_ends_are_told_once_and_a_mixture_is_seen(repository: Repository) -> None:
    whole = added(repository, "all.bat", b"a\r\nb\r\n")
    assert "(each line ends with CR LF)" in whole.patch
    assert lines_of(whole.patch) == ["a", "b"]
    mixed = added(repository, "mixed.bat", b"a\r\nb\n")
    assert lines_of(mixed.patch) == ["a<U+000D>", "b"]
    assert (whole.reasons, mixed.reasons) == ((), ())


def test_a_files_name_is_looked_at_too(repository: Repository) -> None:
    one = added(repository, "\u0430dmin\u202e\r.py", b"a\n")
    assert "<U+0430>dmin" not in one.path
    assert "\u202e" not in one.patch
    assert "\r" not in one.patch
    names = ("control character", "mark that changes the direction of text", "word with letters that look like others")
    assert [reason.partition(" has a ")[2].partition(" (")[0] for reason in one.reasons] == list(names)
    assert "\u202e" not in artifact.flags([one])[0]


# ---- text is shown as text

SCRIPT = b"#!/bin/bash\necho hidden\n"


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("run", b"#!/bin/bash\n\0\necho hidden\n", "echo hidden"),
        ("run.sh", b"x = 1\n\0\n", "x = 1"),
        ("run.sh", b"\0ls\nrm -rf /\n", "rm -rf /"),
        ("run.js", b"\0\0\0\0\n" * 50 + b"steal()\n", "steal()"),
        ("run.ps1", "echo hidden\n".encode("utf-16"), "<U+FEFF>echo hidden"),
        ("notes", "one\nhidden\n".encode("utf-16"), "hidden"),
        ("notes", "one\nhidden\n".encode("utf-16-be"), "hidden"),
        ("notes", "\ufeffone\nhidden\n".encode("utf-16-be"), "hidden"),
        ("notes", "one\nhidden\n".encode("utf-16-le"), "hidden"),
        ("notes", "one\nhidden\n".encode("utf-32"), "hidden"),
        ("notes", "\u4f60\u597d\nhidden\n".encode("utf-16"), "hidden"),
        ("notes", b"some words\n" * 20 + b"\0\0hidden\n", "<U+0000><U+0000>hidden"),
    ],
)
def test_text_that_git_calls_binary_is_shown(repository: Repository, name: str, data: bytes, line: str) -> None:
    one = added(repository, name, data)
    assert line in lines_of(one.patch)
    assert one.is_shown
    assert one.added == len(lines_of(one.patch))


def test_a_change_of_text_in_two_bytes_is_shown_as_a_change_of_text(repository: Repository) -> None:
    old = commit(repository, {"words.txt": "\ufeffone\ntwo\nthree\n".encode("utf-16-le")})
    one = shown(repository, old, commit(repository, {"words.txt": "\ufeffone\nTWO\nthree\n".encode("utf-16-le")}))
    patch = one["words.txt"].patch
    assert (lines_of(patch), lines_of(patch, "-")) == (["TWO"], ["two"])
    assert one["words.txt"].reasons == ("UTF-16-LE text, shown as UTF-8",)
    assert "(UTF-16-LE text before)\n(UTF-16-LE text now)\n" in patch


ATTRIBUTES = [
    "* -diff", "* binary", "* diff=nothing", "*.sh -diff", "/run.sh -diff", "[attr]hidden -diff\n* hidden",
    "* -text", "* working-tree-encoding=UTF-16", "* diff=evil", "* export-ignore linguist-generated=true",
]  # fmt: skip
PLACES = [".gitattributes", "base", ".git/info/attributes", "the person's", "checkout"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_no_attribute_hides_text(
    repository: Repository, tmp_path: Path, attributes: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert repository.work_tree is not None
    git.call(repository, "config", "diff.evil.binary", "true")
    git.call(repository, "config", "diff.nothing.textconv", "true")
    git.call(repository, "config", "diff.evil.command", "true")
    old = commit(repository, {"run.sh": b"echo 1\n"})
    if place == "base":
        old = commit(
            repository, {".gitattributes": attributes.replace("working-tree-encoding=UTF-16", "-text").encode()}
        )
    new = commit(repository, {"run.sh": b"echo 1\ncurl evil\n"})
    if place == "the person's":
        (tmp_path / "attributes").write_text(attributes)
        git.call(repository, "config", "core.attributesFile", str(tmp_path / "attributes"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        (tmp_path / "git").mkdir()
        (tmp_path / "git" / "attributes").write_text(attributes)
    if place in (".git/info/attributes", "checkout"):
        name = ".gitattributes" if place == "checkout" else place
        (repository.work_tree / name).parent.mkdir(exist_ok=True)
        (repository.work_tree / name).write_text(attributes)
    if place == ".gitattributes":
        git.call(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob(repository, attributes)},{place}")
        tree = git.call(repository, "write-tree").text.strip()
        new = git.commit_tree(repository, tree, [new], "attributes\n", IDENTITY)
    one = shown(repository, old, new)["run.sh"]
    assert lines_of(one.patch) == ["curl evil"]
    assert (one.added, one.deleted) == (1, 0)


def blob(repository: Repository, text: str) -> str:
    return git.call(repository, "hash-object", "-w", "--stdin", stdin=text.encode()).text.strip()


# ---- what cannot be shown is said


def test_a_picture_is_named_with_its_size_kind_digest_and_a_command_that_shows_it(repository: Repository) -> None:
    one = added(repository, "a b.png", PICTURE)
    oid = git.call(repository, "rev-parse", "HEAD:a b.png").text.strip()
    what = f"PNG image, {len(PICTURE)} bytes, git object {oid}, sha256 {hashlib.sha256(PICTURE).hexdigest()}"
    assert (one.is_shown, one.added, one.deleted) == (False, None, None)
    assert one.note == f"not shown: {what}"
    assert f"(not shown: {what})" in one.patch
    assert one.reasons == (f"not shown: {what}; to see it: {one.command}",)
    assert "IHDR" in ran(repository, one.command)


def test_a_binary_file_that_changes_or_goes_is_named_too(repository: Repository) -> None:
    old = commit(repository, {"a.png": PICTURE, "b.png": PICTURE, "c.png": PICTURE})
    found = shown(repository, old, commit(repository, {"a.png": PICTURE + b"\1", "b.png": None, "c.png": b"text\n"}))
    assert f"(before: {len(PICTURE)} bytes, " in found["a.png"].note
    assert found["b.png"].note.startswith("not shown: PNG image")
    assert (found["c.png"].is_shown, lines_of(found["c.png"].patch)) == (True, ["text"])
    assert "(PNG image before)" in found["c.png"].patch


def test_a_file_too_long_to_be_shown_is_named(repository: Repository) -> None:
    data = b"word\n" * (artifact.LARGE // 5 + 1)
    one = added(repository, "long.txt", data)
    assert one.note.startswith(f"not shown: too long to be shown, {len(data)} bytes, git object ")
    assert "+word" in ran(repository, f"{one.command} | head -n 20")


def ran(repository: Repository, command: str) -> str:
    """What a reviewer's shell says to a command, attributes and settings being hostile."""
    assert repository.work_tree is not None
    (repository.work_tree / ".gitattributes").write_text("* -diff\n")
    env = os.environ | {"GIT_PAGER": "false", "GIT_EXTERNAL_DIFF": "false"}
    done = subprocess.run(["sh", "-c", command], cwd=repository.work_tree, env=env, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("run.sh", b"echo hidden\n", "+echo hidden"), ("it's $HOME.py", b"x = 1\n", "+x = 1"),
        ("nul.py", b"x = 1\n\0\n", "+x = 1"), ("w.txt", "h\u00fcte\n".encode("utf-16"), "h\u00fcte"),
        (":(glob)*.py", b"x = 1\n", "+x = 1"), ("-n.py", b"x = 1\n", "+x = 1"),
    ],
)  # fmt: skip
def test_the_command_for_a_file_shows_it(repository: Repository, name: str, data: bytes, seen: str) -> None:
    assert seen in ran(repository, added(repository, name, data).command)


# ---- settings

SETTINGS = {
    "diff.context": "0", "diff.interHunkContext": "9", "diff.noprefix": "true", "diff.mnemonicPrefix": "true",
    "diff.srcPrefix": "x/", "diff.dstPrefix": "y/", "diff.algorithm": "patience", "diff.indentHeuristic": "false",
    "diff.renames": "false", "diff.renameLimit": "1", "diff.orderFile": "ORDER", "diff.relative": "true",
    "diff.ignoreSubmodules": "all", "diff.submodule": "log", "diff.external": "false", "diff.wordRegex": ".",
    "diff.suppressBlankEmpty": "true", "diff.colorMoved": "zebra", "diff.wsErrorHighlight": "all",
    "diff.statGraphWidth": "1", "diff.dirstat": "0", "diff.tool": "false", "diff.autoRefreshIndex": "false",
    "diff.noIndex": "true", "diff.trustExitCode": "true", "color.ui": "always", "color.diff": "always",
    "core.quotePath": "true", "core.whitespace": "cr-at-eol,-trailing-space", "core.abbrev": "40",
    "core.pager": "false", "core.bigFileThreshold": "1", "core.precomposeUnicode": "true", "core.ignoreCase": "true",
    "core.fileMode": "false",
    "core.symlinks": "false", "core.autocrlf": "true", "core.eol": "crlf", "core.attributesFile": "/nowhere",
    "core.sparseCheckout": "true", "submodule.sub.ignore": "all", "attr.tree": "HEAD", "log.showSignature": "true",
    "merge.renames": "false", "feature.experimental": "true", "diff.default.xfuncname": "x",
    "diff.default.binary": "true", "i18n.logOutputEncoding": "utf-16",
}  # fmt: skip


@pytest.fixture
def changed(repository: Repository) -> tuple[str, str]:
    """Two commits with all that a setting might leave out, turn round or put in another order."""
    assert repository.work_tree is not None
    text = [f"line {number}\n" if number % 7 else "\n" for number in range(40)]
    commit(repository, {"code.txt": "".join(text).encode(), "h\u00fc t.py": b"a  \n", "old.txt": b"same\n" * 20,
                        ".gitmodules": b'[submodule "sub"]\n\tpath = sub\n\turl = x\n\tignore = all\n'})  # fmt: skip
    old = with_submodule(repository, "1" * 40)
    text[10], text[20], text[24] = "changed\n", "changed\n", "changed\n"
    (repository.work_tree / "code.txt").write_text("".join(text))
    (repository.work_tree / "h\u00fc t.py").write_bytes(b"a\n")
    (repository.work_tree / "h\u00fc t.py").chmod(0o755)
    (repository.work_tree / "old.txt").rename(repository.work_tree / "new.txt")
    (repository.work_tree / "link").symlink_to("code.txt")
    return old, with_submodule(repository, "2" * 40)


def with_submodule(repository: Repository, pointer: str) -> str:
    git.call(repository, "add", "--all", ":!sub", extra={"GIT_LITERAL_PATHSPECS": "0"})
    git.call(repository, "update-index", "--add", "--cacheinfo", f"160000,{pointer},sub")
    tree, parent = git.call(repository, "write-tree").text.strip(), git.resolve(repository, "HEAD")
    made = git.commit_tree(repository, tree, [parent or ""], "change\n", IDENTITY)
    git.call(repository, "update-ref", "HEAD", made)
    return made


@pytest.mark.parametrize("scope", ["--local", "--global", "environment"])
def test_no_setting_changes_what_is_shown(
    repository: Repository, changed: tuple[str, str], tmp_path: Path, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = artifact.shown_files(repository, *changed)
    ids = git.patch_ids(repository, changed)
    assert [one.path for one in before] == ["code.txt", "h\u00fc t.py", "link", "new.txt", "sub"]
    assert [line[:3] for line in before[0].patch.splitlines() if line.startswith("@@")] == ["@@ ", "@@ "]
    assert lines_of(before[0].patch, " ")[:4] == ["", "line 8", "line 9", "line 11"]
    assert "--- a/code.txt\n+++ b/code.txt\n" in before[0].patch
    assert "Subproject commit 2222" in before[4].patch
    (tmp_path / "order").write_text("sub\nnew.txt\n")
    settings = SETTINGS | {"diff.orderFile": str(tmp_path / "order")}
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u0")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    if scope == "environment":
        monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
        for number, (key, value) in enumerate(settings.items()):
            monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
            monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    else:
        for key, value in settings.items():
            git.call(repository, "config", scope, key, value)
    assert artifact.shown_files(repository, *changed) == before
    assert git.patch_ids(repository, changed) == ids


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree", "--intent-to-add"])
def test_no_flag_of_the_index_changes_what_is_shown(
    repository: Repository, changed: tuple[str, str], flag: str
) -> None:
    before = artifact.shown_files(repository, *changed)
    if flag == "--intent-to-add":
        git.call(repository, "rm", "--cached", "code.txt")
        git.call(repository, "add", flag, "code.txt")
    else:
        git.call(repository, "update-index", flag, "code.txt", "link")
    assert artifact.shown_files(repository, *changed) == before


def test_two_commits_of_one_patch_id_hold_the_same_bytes(repository: Repository) -> None:
    assert repository.work_tree is not None
    start = git.resolve(repository, "HEAD")
    assert start is not None
    (repository.common_dir / "info").mkdir(exist_ok=True)
    (repository.common_dir / "info" / "attributes").write_text("* -diff\n")
    made = []
    for data in (
        b"good\n",
        b"evil\n",
        b"\0good\n",
        b"\0evil\n",
        PICTURE,
        PICTURE + b"\1",
        b"x" * (git.BIG + 1),
        b"x" * git.BIG + b"y",
    ):
        git.call(repository, "reset", "--hard", "-q", start)
        made.append(commit(repository, {"file.bin": data}))
    git.call(repository, "reset", "--hard", "-q", start)
    made += [with_submodule(repository, "1" * 40)]
    git.call(repository, "reset", "--hard", "-q", start)
    made += [with_submodule(repository, "3" * 40)]
    assert len(set(git.patch_ids(repository, made).values())) == len(made)
    short = [one for number, one in enumerate(made) if number not in (6, 7)]
    assert len(set(git.patch_ids(repository, short).values())) == len(short)


def test_a_patch_id_stays_when_a_commit_is_replayed_elsewhere(repository: Repository) -> None:
    start = git.resolve(repository, "HEAD")
    assert start is not None
    files: dict[str, bytes | None] = {"a.bin": PICTURE, "b.sh": b"\0echo\n", "c.bin": b"x" * (git.BIG + 1)}
    first = commit(repository, files)
    git.call(repository, "reset", "--hard", "-q", start)
    commit(repository, {"start.txt": b"zero\none\ntwo\n"})
    second = commit(repository, files)
    assert len(set(git.patch_ids(repository, [first, second]).values())) == 1


def test_what_a_tree_names_strangely_is_shown_under_its_name(repository: Repository) -> None:
    names = ['"quoted".png', "back\\slash.png", "star*.png", "new\nline.png", " # hash .png", "!no.png", "[a].png"]
    old = git.resolve(repository, "HEAD")
    assert old is not None
    found = shown(repository, old, commit(repository, dict.fromkeys(names, PICTURE) | {"starX.png": b"text\n"}))
    assert {path for path, one in found.items() if not one.is_shown} == set(names)
    assert lines_of(found["starX.png"].patch) == ["text"]


def test_objects_that_a_partial_clone_lacks_are_fetched(repository: Repository, tmp_path: Path) -> None:
    assert repository.work_tree is not None
    old = commit(repository, {"code.py": b"one\n", "words.txt": "one\n".encode("utf-16")})
    new = commit(repository, {"code.py": b"two\n", "words.txt": "two\n".encode("utf-16")})
    git.call(repository, "config", "uploadpack.allowFilter", "true")
    git.call(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = [
        "git",
        "clone",
        "-q",
        "--bare",
        "--filter=blob:none",
        f"file://{repository.work_tree}",
        str(tmp_path / "c"),
    ]
    subprocess.run(clone, check=True)
    found = shown(git.discover(tmp_path / "c"), old, new)
    assert [lines_of(one.patch)[0].removeprefix("<U+FEFF>") for one in found.values()] == ["two", "two"]
