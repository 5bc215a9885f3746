"""Names of the generated C under a prefix of the user's, so that two models link into one program."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emgdeploy.errors import UsageError

# The prefix of a model that was given none.
USUAL = "emg"
_OURS = re.compile(
    r"\b(?:emg_model_\w+|emg_(?:input|output)_t|EMG_(?:INPUT|OUTPUT|ARENA|MODEL|CLASS|PARAMETER)\w*|emg_[a-z]+(?:_\d+)+)\b"
)
_INCLUDES = re.compile(r'#include "(model(?:_data)?\.h)"')
_HEADER = "model.h"


def check(name: str) -> str:
    """The prefix, if it can be one. Raises UsageError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise UsageError(
            f"--name {name!r} cannot begin names in C",
            "take lower-case letters, digits and _, beginning with a letter, 31 characters at most",
        )
    return name


def files_of(name: str) -> tuple[str, ...]:
    """The names of a model's files; under a prefix `model.h` gives the usual names back to the firmware."""
    usual = ("model.c", _HEADER, "model_data.c", "model_data.h")
    return usual if name == USUAL else (*(f"{name}_{file}" for file in usual), _HEADER)


def named(files: Mapping[str, str], name: str) -> dict[str, str]:
    """The model's files by name, with `name` in place of `emg` in all that they define."""
    if name == USUAL:
        return dict(files)
    renamed = {f"{name}_{file}": _renamed(text, name) for file, text in files.items()}
    return renamed | {_HEADER: _usual_names(files[_HEADER], name)}


def _renamed(text: str, name: str) -> str:
    text = _INCLUDES.sub(rf'#include "{name}_\1"', text)
    return _OURS.sub(lambda word: _new(word.group(), name), text)


def _new(word: str, name: str) -> str:
    return (name.upper() if word.startswith("EMG_") else name) + word[len(USUAL) :]


def _usual_names(header: str, name: str) -> str:
    """A header by which the firmware calls the model as it calls any other."""
    words = sorted(set(_OURS.findall(header)) - {"EMG_MODEL_H"})
    lines = (f"#define {word} {_new(word, name)}" for word in words)
    return "\n".join(
        (
            f"/* The usual names of the model in {name}_model.h, for the firmware around it. */",
            "#ifndef EMG_MODEL_H",
            "#define EMG_MODEL_H",
            "",
            f'#include "{name}_model.h"',
            "",
            *lines,
            "",
            "#endif",
            "",
        )
    )
