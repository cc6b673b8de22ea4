from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves.foundation import patterns


@pytest.mark.parametrize(
    ("pattern", "named", "others"),
    [
        ("src/a.py", ["src/a.py", "src/a.py/below"], ["src/b.py", "x/src/a.py", "src/a.pyc"]),
        ("README.md", ["README.md"], ["docs/README.md"]),
        ("src", ["src", "src/a.py", "src/deep/b.py"], ["srcs/a.py", "lib/src/a.py"]),
        ("./src/", ["src/a.py"], ["lib/a.py"]),
        ("/src/*.py", ["src/a.py"], ["src/deep/a.py"]),
        ("src/**", ["src/a.py", "src/deep/b.py"], ["lib/a.py"]),
        ("src/**/a.py", ["src/a.py", "src/x/y/a.py"], ["src/x/b.py", "a.py"]),
        ("*.py", ["a.py", "src/a.py"], ["a.pyc", "a.py/x"]),
        ("src/*/x/", ["src/a/x/y"], ["src/x/y", "src/a/b/x/y"]),
        ("a?c/*", ["abc/d"], ["ac/d", "abc/d/e"]),
        ("**", ["a", "a/b"], []),
        ("a*b*c", ["abc", "aXbYc", "x/aXbYbc"], ["acb"]),
        ("[ab].txt", ["[ab].txt"], ["a.txt"]),
        ("odd*name?", ["odd*name?", "odd-nameX"], ["odd"]),
        ("a/a", ["a/a"], ["a", "a/b"]),
        ("**/**/a", ["a", "x/y/a"], ["x/y/b"]),
        ("", [], ["a", "a/b"]),
        ("/", [], ["a"]),
        ("../a", ["../a"], ["a"]),
    ],
)
def test_a_pattern_is_a_path_a_folder_or_a_glob(pattern: str, named: list[str], others: list[str]) -> None:
    assert [path for path in [*named, *others] if patterns.matches(pattern, path)] == named


@pytest.mark.parametrize("pattern", ["**", "*", "**/*", "./**", "/", ".", "", "**/*.*", "?*", " ** "])
def test_what_names_everything_is_broad(pattern: str) -> None:
    assert patterns.is_broad(pattern)


@pytest.mark.parametrize("pattern", ["*.py", "src", "src/**", "a", "**/a"])
def test_what_names_something_is_not_broad(pattern: str) -> None:
    assert not patterns.is_broad(pattern)


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not patterns.matches("a*" * 500 + "b", "a" * 4000)
    assert not patterns.matches("**/a/" * 200 + "b", "a/" * 2000 + "a")


@given(st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_any_text_is_a_pattern_and_every_path_names_itself(pattern: str, path: str) -> None:
    patterns.matches(pattern, path)
    assert patterns.matches(path, path)
