"""Spell out what can't be seen in text, and notice what may deceive its reader, by the rules of one file."""

from __future__ import annotations

from waves.foundation.suspicious.kinds import Kind, kind_of, text_of
from waves.foundation.suspicious.lines import Notice, is_code, notices
from waves.foundation.suspicious.spelling import spelled

__all__ = ["Kind", "Notice", "is_code", "kind_of", "notices", "spelled", "text_of"]
