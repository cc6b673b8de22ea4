"""Tell which shell commands usually need the network; a guess, for a hint."""

from __future__ import annotations

import re

# Programs, and for which words they fetch something; without words, always.
FOR = {
    "npx bunx corepack mvn mvnw gradle gradlew sbt lein bazel bazelisk curl wget aria2c rsync scp ssh gh aws": "",
    "gcloud gsutil apt apt-get apk dnf yum brew pacman zypper nix nix-shell cpanm luarocks conan vcpkg": "",
    "npm pnpm yarn bun": "ci i install add update up dlx exec", "deno": "install cache run",
    "pip pip3 pipx pipenv pdm poetry conda mamba pixi hatch": "install sync update download env create add wheel",
    "uv": "sync pip tool add run venv python", "bundle bundler gem": "install update fetch add",
    "cargo": "build fetch install test update vendor check run", "rustup": "toolchain component target update",
    "go": "get install mod build test generate run", "composer": "install update require create-project",
    "dotnet nuget": "restore build test add install tool", "mix rebar3": "deps.get local.hex get-deps deps",
    "stack cabal opam": "build update install setup test switch", "docker podman": "pull build run compose",
    "git": "clone fetch pull submodule lfs ls-remote", "playwright cypress pre-commit": "install install-hooks",
    "helm terraform vagrant": "init get pull dependency box repo", "flutter dart": "pub precache",
    "asdf mise nvm pyenv rbenv sdk volta fnm": "install plugin use", "pod carthage": "install update bootstrap",
}  # fmt: skip
VERBS = {program: frozenset(verbs.split()) for programs, verbs in FOR.items() for program in programs.split()}


def needs_network(command: str) -> bool:
    """Whether a command looks as if it fetched something."""
    return any(_fetches(part.split()) for part in re.split(r"[;&|()\n\"'`]+", command))


def _fetches(words: list[str]) -> bool:
    for place, word in enumerate(words):
        verbs = VERBS.get(word.rpartition("/")[2])
        if verbs is not None and (not verbs or verbs & set(words[place + 1 :])):
            return True
    # Without a word, yarn installs.
    return words[-1:] in (["yarn"], ["pnpm"])
