"""A hook of MkDocs: puts the pages from the top of the repository into the site, with their links led right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

TOP = Path(__file__).parent.parent
AT_TOP = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "SECURITY.md": "security.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, name in AT_TOP.items():
        text = (TOP / source).read_text("utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=led_right(text, "")))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """From a page below docs/, the top is one folder up."""
    return led_right(markdown, "../")


def led_right(text: str, before: str) -> str:
    for source, name in AT_TOP.items():
        for end in ("#", ")"):
            text = text.replace(f"]({before}{source}{end}", f"]({name}{end}")
    return text
