"""What steps are called in the generated C: by their place in the call sequence, not by that of the file's operator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from emgdeploy.codegen.step import Array, Field, Step

_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_Value = int | str | tuple[Field, ...]


def numbered(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with their numbers, and their constants named after them: `emg_weights_0` is what step 0 reads.

    The steps of a loop's body have two numbers: `emg_weights_3_0`.
    """
    return tuple(_called(step, str(number)) for number, step in enumerate(steps))


def _called(step: Step, number: str) -> Step:
    if step.body is None:
        return _renamed(step, number, _names(step.arrays, step.op.index, number))
    body = step.body
    inner = tuple(_called(call, f"{number}_{k}") for k, call in enumerate(body.steps))
    start = f"start_{number}"
    first = replace(next(a for a in step.arrays if a.name == body.start), name=start)
    return replace(
        step,
        number=number,
        kernel=f"loop_{number}",
        arrays=(first, *(array for call in inner for array in call.arrays)),
        body=replace(body, steps=inner, start=start),
    )


def _names(arrays: tuple[Array, ...], index: int, number: str) -> dict[str, str]:
    """New names by old ones. A lowering writes the operator's index behind the first word of a name.

    They stand in a file of their own, where the whole program sees them: hence the prefix.
    """
    return {a.name: re.sub(rf"^([a-z_]+)_{index}(?=_|$)", rf"emg_\1_{number}", a.name) for a in arrays}


def _renamed(step: Step, number: str, names: Mapping[str, str]) -> Step:
    def text(value: str) -> str:
        return _SYMBOL.sub(lambda word: names.get(word.group(), word.group()), value)

    def value(one: _Value) -> _Value:
        if isinstance(one, tuple):
            return tuple(replace(field, value=value(field.value)) for field in one)
        return text(one) if isinstance(one, str) else one

    return replace(
        step,
        number=number,
        fields=tuple(replace(field, value=value(field.value)) for field in step.fields),
        arrays=tuple(replace(array, name=names[array.name]) for array in step.arrays),
        constants=tuple(text(one) for one in step.constants),
        operands=tuple(text(one) if isinstance(one, str) else one for one in step.operands),
    )
