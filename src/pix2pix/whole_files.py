"""Files of text that are there as a whole or not at all, whoever looks and whenever the writer dies."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write text in UTF-8 beside the place, then put it there in one step."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
