"""The prepared context of the model templates, and their rendering. No decision is left to a template."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.literals import c_string, constant_names, float_literal
from emgdeploy.codegen.memory_map import Place, Places, memory_map
from emgdeploy.codegen.places import Plan
from emgdeploy.codegen.result import CodegenOptions, TensorSpec
from emgdeploy.codegen.step import Array, Body, Field, Step, kernel_calls
from emgdeploy.graph.types import Graph
from emgdeploy.resources import FIRMWARE_TEMPLATES

FILES = ("model.c", "model.h", "model_data.c", "model_data.h")
_LINE = 96


@dataclass(frozen=True)
class _Call:
    """One step as the template prints it. `loop`: the lines of a function of its own, for a loop over a body."""

    title: str
    structs: list[dict[str, str]]
    call: str
    in_ram: bool
    adaptable: bool
    data: list[dict[str, str]]
    arrays: list[dict[str, str]]
    tap: str
    loop: list[str]


def render_model(
    graph: Graph,
    steps: tuple[Step, ...],
    plan: Plan,
    options: CodegenOptions,
    specs: tuple[TensorSpec, TensorSpec],
    in_ram: frozenset[int],
) -> dict[str, str]:
    """The files of the model; the same arguments give the same bytes. in_ram: steps with their constants there."""
    x, y = options.known_answer
    places, rows = memory_map(graph, steps, plan)
    context: dict[str, Any] = {
        "header": [f"{comment_safe(k)}: {comment_safe(v)}" for k, v in sorted(options.header.items())],
        "sha256": options.header.get("model_sha256", ""),
        "includes": sorted({s.header for s in kernel_calls(steps)}),
        "calls": [_call(graph, i, s, places, i in in_ram) for i, s in enumerate(steps)],
        "memory_map": _table(rows),
        "places": rows,
        "classes": list(zip(constant_names(options.labels), map(c_string, options.labels), strict=True)),
        "arena_bytes": plan.arena_bytes,
        "parameters": [a.name for s in steps if s.adaptable for a in s.arrays],
        "parameter_bytes": sum(int(a.values.nbytes) for s in steps if s.adaptable for a in s.arrays),
        "input": _port(specs[0], places.tensor(graph.inputs[0])),
        "output": _port(specs[1], places.tensor(graph.outputs[0])),
        "known_input": initializer(specs[0].quantize(np.asarray(x)).reshape(-1)),
        "known_output": initializer(specs[1].quantize(np.asarray(y)).reshape(-1)),
    }
    environment = _environment()
    return {name: environment.get_template(f"{name}.j2").render(context) for name in FILES}


@functools.cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(FIRMWARE_TEMPLATES / "model")
    return jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip


def comment_safe(text: str) -> str:
    """Text of others as it may stand in a C comment: printable ASCII, and no way to end it."""
    printable = "".join(c if " " <= c <= "~" else f"\\u{{{ord(c):x}}}" for c in text)
    return re.sub(r"\*/|/\*|\?\?|\\$", lambda m: " ".join(m.group()), printable)


def _port(spec: TensorSpec, place: str) -> dict[str, Any]:
    length = int(np.prod(spec.shape, dtype=np.int64))
    return {
        "type": _ctype(spec.dtype),
        "length": length,
        "place": place,
        "shape": " x ".join(map(str, spec.shape)),
        "scale": repr(spec.scale),
        "scale_literal": float_literal(spec.scale),
        "zero_point": spec.zero_point,
    }


def _table(rows: tuple[Place, ...]) -> list[str]:
    """The memory map in columns."""
    cells = [("place", "offset", "bytes", "steps", "tensor")]
    cells += [(r.name, str(r.offset), str(r.size), f"{max(r.first, 0)} to {r.last}", r.tensor) for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return [
        f"{name:{widths[0]}}  {at:>{widths[1]}}  {size:>{widths[2]}}  {steps:>{widths[3]}}  {comment_safe(tensor)}".rstrip()
        for name, at, size, steps, tensor in cells
    ]


def _call(graph: Graph, number: int, step: Step, places: Places, in_ram: bool) -> _Call:
    out = graph.tensors[step.writes]
    shape = "x".join(map(str, out.shape))
    return _Call(
        title=f"{number}: {step.op.kind.name} -> {shape}  {comment_safe(out.name)}",
        structs=[_layer(inner) for inner in kernel_calls([step])],
        call=f"{step.kernel}();" if step.body else _kernel_call(graph, number, step, places),
        in_ram=in_ram,
        adaptable=step.adaptable,
        data=[_array(a, in_ram) for a in step.arrays if not _begins(step, a)],
        arrays=[*(_start(a) for a in step.arrays if _begins(step, a)), *_pointers(number, step, places)],
        tap=f"EMG_TAP({number}, arena.s8 + {places.tensor(step.writes)}, {out.nbytes});",
        loop=_loop(step.body, number, step, places) if step.body else [],
    )


def _layer(step: Step) -> dict[str, str]:
    return {
        "type": f"{step.kernel}_t",
        "layer": f"layer_{step.number}",
        "struct": _struct(step.fields, 1),
    }


def _kernel_call(graph: Graph, number: int, step: Step, places: Places) -> str:
    return f"{step.kernel}(&layer_{step.number}, {', '.join(_arguments(graph, number, step, places))});"


def _loop(body: Body, number: int, step: Step, places: Places) -> list[str]:
    """The function that runs a body for each row: rows in, kernels, the state out and on."""
    inner = places.body(body.plan, number)
    state, result = inner.tensor(body.state), inner.tensor(body.result)
    rows = [
        f"memcpy(arena.s8 + {inner.tensor(row)}, arena.s8 + {places.tensor(series)} + step * {size}, {size});"
        for series, (row, size) in zip(step.reads, body.rows, strict=True)
    ]
    calls = [_kernel_call(body.graph, k, call, inner) for k, call in enumerate(body.steps)]
    size = body.state_bytes
    return [
        f"EMG_OUTLINED static void {step.kernel}(void) {{",
        f"    memcpy(arena.s8 + {state}, {body.start}, {size});",
        f"    for (int32_t step = 0; step < {body.count}; ++step) {{",
        *(f"        {line}" for line in (*rows, *calls)),
        f"        memcpy(arena.s8 + {places.tensor(step.writes)} + step * {size}, arena.s8 + {result}, {size});",
        # The result may lie where the state was, or over a part of it.
        *([f"        memmove(arena.s8 + {state}, arena.s8 + {result}, {size});"] if state != result else []),
        "    }",
        "}",
    ]


def _pointers(number: int, step: Step, places: Places) -> list[dict[str, str]]:
    """The arrays of pointers to operands, those of a body's steps included."""
    if step.body is None:
        return _gathered(step, places)
    inner = places.body(step.body.plan, number)
    return [array for call in step.body.steps for array in _gathered(call, inner)]


def _arguments(graph: Graph, number: int, step: Step, places: Places) -> list[str]:
    """What the kernel is called with, after its layer."""

    def place(tensor: int) -> str:
        ctype = "int8_t" if step.bytes_only else _ctype(str(graph.tensors[tensor].dtype))
        return _pointer(ctype, places.tensor(tensor))

    reads = [f"inputs_{step.number}"] if step.gathers else [place(t) for t in step.reads]
    scratch = [_pointer(step.scratch_type, places.scratch(number))] if step.scratch_bytes else []
    return [*reads, *step.constants, place(step.writes), *scratch]


def _gathered(step: Step, places: Places) -> list[dict[str, str]]:
    if not step.gathers:
        return []
    operands = (f"arena.s8 + {places.tensor(t)}" if isinstance(t, int) else t for t in step.operands)
    lines = [f"    {operand}," for operand in operands]
    name = f"static const int8_t *const inputs_{step.number}[{len(lines)}]"
    return [{"declaration": name, "values": "\n".join(lines)}]


def _pointer(ctype: str, offset: str) -> str:
    place = f"arena.s8 + {offset}"
    # Through void: the plan aligns every buffer, which the compiler cannot know.
    return place if ctype == "int8_t" else f"({ctype} *)(void *)({place})"


def _begins(step: Step, array: Array) -> bool:
    """Whether a loop's state is set to it, which the loop itself does: it stands beside the loop."""
    return step.body is not None and step.body.start == array.name


def _start(array: Array) -> dict[str, str]:
    return {
        "declaration": f"static const {array.ctype} {array.name}[{array.values.size}]",
        "values": initializer(array.values),
    }


def _array(array: Array, in_ram: bool) -> dict[str, str]:
    # What is not const has initial values, which any start-up code copies to where variables live.
    qualifier = "" if in_ram else "const "
    return {
        "declaration": f"{qualifier}{array.ctype} {array.name}[{array.values.size}]",
        "values": initializer(array.values),
    }


def _struct(fields: tuple[Field, ...], depth: int) -> str:
    indent = "    " * depth
    lines = []
    for field in fields:
        value = field.value
        text = f"{{\n{_struct(value, depth + 1)}\n{indent}}}" if isinstance(value, tuple) else _literal(value)
        lines.append(f"{indent}.{field.name} = {text},")
    return "\n".join(lines)


def _literal(value: int | str) -> str:
    return "INT32_MIN" if value == -(2**31) else str(value)


def initializer(values: NDArray[np.generic]) -> str:
    """Numbers of a C initializer, in lines of bounded width."""
    real = values.dtype.kind == "f"
    words = [float_literal(v) if real else _literal(int(v)) for v in values.reshape(-1).tolist()]
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) + 2 > _LINE:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{word},"
    return "\n".join(f"    {text}" for text in (*lines, line))


def _ctype(dtype: str) -> str:
    """The C type of a tensor's elements."""
    return "float" if dtype == "float32" else f"{dtype}_t"
