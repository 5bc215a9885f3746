"""What the names of files say: a pattern for `dataset.toml`, guessed from all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from emgdeploy.signals.readers.patterns import compiled

_WORDS = {
    **dict.fromkeys(("subject", "subj", "sub", "s", "participant", "person", "p"), "subject"),
    **dict.fromkeys(("session", "sess", "ses", "day", "d"), "session"),
    **dict.fromkeys(("repetition", "rep", "r", "trial", "run", "t", "take"), "repetition"),
}
_TOKEN = re.compile(r"([A-Za-z]*)([0-9]{1,9})")
_JOINED = re.compile(r"(?<=[0-9])(?=[A-Za-z])")
_RESTS = ("rest", "relax", "relaxed", "idle", "none", "no movement", "no_movement", "nomovement", "neutral")


@dataclass(frozen=True)
class Scheme:
    """labels: those in the names, rest first; () where the names do not say them. missed: files of other names."""

    pattern: str
    labels: tuple[str, ...]
    missed: tuple[str, ...]


def guess(names: Sequence[str]) -> Scheme:
    """The pattern that most of these files' paths have."""
    split = [_split(name) for name in names]
    fixed = set.intersection(*(set(tokens) for tokens, _ in split))
    counted = any(
        _field(tokens, index) == "repetition" for tokens, _ in split for index in range(len(tokens))
    )
    found = Counter(_pattern(tokens, suffix, fixed, counted) for tokens, suffix in split)
    return of_pattern(found.most_common(1)[0][0], names)


def of_pattern(pattern: str, names: Sequence[str]) -> Scheme:
    """What a pattern says of these files. Raises InputError for one that makes no sense."""
    matches = {name: compiled(pattern, "the pattern").fullmatch(name) for name in names}
    labels = {match.groupdict().get("label") for match in matches.values() if match}
    missed = tuple(name for name, match in matches.items() if not match)
    return Scheme(pattern, rest_first({label for label in labels if label}), missed)


def rest_first(labels: set[str]) -> tuple[str, ...]:
    """In order, rest before all gestures."""
    return tuple(sorted(labels, key=lambda label: (label.lower() not in _RESTS, label)))


def _split(name: str) -> tuple[list[str], str]:
    """Words and the marks between them in turn, and the suffix."""
    stem, _, suffix = name.rpartition(".")
    tokens: list[str] = []
    for index, word in enumerate(re.split(r"([/_\-. ]+)", stem)):
        parts = (
            _JOINED.split(word) if index % 2 == 0 else [word]
        )  # g0r1 is two words with nothing between them
        tokens += [item for part in parts for item in (part, "")][:-1]
    return tokens, f".{suffix}"


def _field(tokens: list[str], index: int) -> str | None:
    """The field that a word with a number says: s3, Session-2, or `rep` and `4` as two words."""
    match = _TOKEN.fullmatch(tokens[index])
    if match is None:
        return None
    word = match[1] or (tokens[index - 2] if index >= 2 and tokens[index - 1] != "/" else "")
    return _WORDS.get(word.lower())


def _pattern(tokens: list[str], suffix: str, fixed: set[str], counted: bool) -> str:
    """fixed: words that all names have; counted: whether any name says a repetition by word."""
    parts = list(tokens)
    texts, used = [], set()
    for index in range(len(tokens) - 1, -2, -2):
        if index < 0:
            break
        match, field = _TOKEN.fullmatch(tokens[index]), _field(tokens, index)
        if match and field and field not in used:
            used.add(field)
            parts[index] = f"{match[1]}{{{field}}}"
        elif match and not counted and "repetition" not in used and tokens[index] not in fixed:
            used.add("repetition")
            parts[index] = "{repetition}"
            if match[1]:
                parts[index] = f"{match[1]}{{repetition}}"
                texts.append((index, match[1]))
        elif tokens[index].isdecimal() and tokens[index] not in fixed:
            parts[index] = "*"  # such as a date
        elif tokens[index] not in fixed and tokens[index].lower() not in _WORDS:
            texts.append((index, tokens[index]))
    return _with_label(parts, sorted(texts)) + suffix


def _with_label(parts: list[str], texts: list[tuple[int, str]]) -> str:
    """One label for the last run of neighbouring words that differ; `*` for those before it."""
    run: list[int] = []
    for index, _ in reversed(texts):
        if run and (index != run[0] - 2 or "/" in parts[index + 1]):
            parts[index] = "*"
            continue
        run.insert(0, index)
    if run:
        word = dict(texts)[run[-1]]
        parts[run[0]] = "{label}" + parts[run[-1]].removeprefix(word)
        for index in range(run[0] + 1, run[-1] + 1):
            parts[index] = ""
    return "".join(parts)
