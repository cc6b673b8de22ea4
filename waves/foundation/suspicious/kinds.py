"""Say what the bytes of a file are, text above all, by its contents and name and by nobody's attributes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from waves.foundation.suspicious.rules import rules

CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
ASCII_SHARE = 0.9  # else bytes of a script, two by two, would be taken for some Chinese words
# The longer mark first: that of UTF-32 begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
MAGIC = (
    (b"\x89PNG\r\n", "PNG image"), (b"\xff\xd8\xff", "JPEG image"), (b"GIF8", "GIF image"), (b"BM", "BMP image"),
    (b"\x00\x00\x01\x00", "icon"), (b"%PDF-", "PDF"), (b"PK\x03\x04", "ZIP archive"), (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"), (b"\xfd7zXZ\x00", "xz data"), (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"), (b"\x7fELF", "ELF program"), (b"MZ", "Windows program"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program"), (b"\xca\xfe\xba\xbe", "Java class or Mach-O program"),
    (b"\x00asm", "WebAssembly"), (b"SQLite format 3\x00", "SQLite database"), (b"OggS", "Ogg audio or video"),
    (b"ID3", "MP3 audio"), (b"wOFF", "web font"), (b"wOF2", "web font"), (b"\x00\x01\x00\x00\x00", "font"),
    (b"OTTO", "font"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """`encoding`: how to read it as text; None: it is no text. `name` is for people."""

    name: str
    encoding: str | None = None


def kind_of(path: str, data: bytes) -> Kind:
    if _is_text(data.decode("utf-8", "surrogateescape"), strict=True):
        return Kind("text", "utf-8")
    if (encoding := _wide(data)) is not None:
        return Kind(f"{encoding.upper()} text", encoding)
    if data.startswith(b"#!") or is_code_name(path):
        return Kind("text", "utf-8")
    return Kind(next((name for magic, name in MAGIC if data.startswith(magic)), "binary"))


def text_of(data: bytes, encoding: str) -> str:
    """The text; a byte that is none of the encoding stays as a lone surrogate (UTF-8) or becomes U+FFFD."""
    return data.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def is_code_name(path: str) -> bool:
    """Whether something may run a file of this name, or reads from it what to run."""
    return PurePosixPath(path).name in rules().code_names or extension(path) in rules().code_extensions


def extension(path: str) -> str:
    return PurePosixPath(path).suffix.removeprefix(".").lower()


def _is_text(text: str, *, strict: bool) -> bool:
    if strict and re.search("[\ud800-\udfff]", text):
        return False
    return len(CONTROL.findall(text)) <= rules().control_share * len(text)


def _wide(data: bytes) -> str | None:
    """UTF-32 or UTF-16, if it decodes as that; without a mark nearly all of it has to be ASCII."""
    marked = next((encoding for mark, encoding in MARKS if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        likely = marked or sum(one.isascii() for one in text) >= ASCII_SHARE * len(text)
        if text and likely and _is_text(text, strict=False):
            return encoding
    return None
