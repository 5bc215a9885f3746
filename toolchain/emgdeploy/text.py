"""Text of unknown origin made safe to show.

Labels, file names, board files and device logs are other people's data. Shown raw, an escape
sequence in one of them could rewrite the screen, set the window title or hide a line.
"""

from __future__ import annotations

import unicodedata

# Characters of these categories do something instead of showing something: control, format
# (which has the bidirectional overrides), surrogate, line separator, paragraph separator.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, keep: str = "") -> str:
    """`text` with every character that acts on a terminal written as an escape (`\\x1b`).

    `keep` names characters that pass all the same, for example "\\n" for a text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or unicodedata.category(c) not in _ACTING else _escape(c) for c in text)


def _escape(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named is not None:
        return named
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
