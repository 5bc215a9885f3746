"""Whether a .tflite computes in integers from its input to its output.

TFLiteConverter leaves in float what it has no int8 form for, and says nothing. Such a file runs on a computer and
on no device of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import tflite

from emgdeploy.errors import GateFailed
from emgdeploy.text import printable

_INTEGERS = frozenset(
    {
        tflite.TensorType.INT8,
        tflite.TensorType.INT16,
        tflite.TensorType.INT32,
        tflite.TensorType.INT64,
        tflite.TensorType.UINT8,
        tflite.TensorType.BOOL,
    }
)
_TYPES = {v: k.lower() for k, v in vars(tflite.TensorType).items() if isinstance(v, int)}
_OPERATORS = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}


@dataclass(frozen=True)
class NotInteger:
    """An operator that reads or writes `tensor`, which is of another type than an integer."""

    operator: str
    tensor: str
    dtype: str


def check(tflite_bytes: bytes, source: str, islands: Collection[str] = ()) -> None:
    """Raise GateFailed, naming the first operator and tensor between input and output that are not integer.

    islands: tensors that may be float, by name, because `build` compiles their operators exactly.
    """
    found = next((part for part in not_integers(tflite_bytes) if part.tensor not in islands), None)
    if found is not None:
        raise GateFailed(
            f"{source}: its int8 form is not integer throughout: operator {found.operator} has the {found.dtype} "
            f"tensor {printable(found.tensor)!r}",
            "replace this operator in the network by one that docs/conversion.md lists, "
            "and report the network to this project",
        )


def not_integers(tflite_bytes: bytes) -> Iterator[NotInteger]:
    """Each operand and result that is no integer, in the order of the operators, subgraphs included."""
    model = tflite.Model.GetRootAs(tflite_bytes, 0)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    names = [_OPERATORS.get(max(c.BuiltinCode(), c.DeprecatedBuiltinCode()), "CUSTOM") for c in codes]
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for op in map(graph.Operators, range(graph.OperatorsLength())):
            places = [*map(op.Inputs, range(op.InputsLength())), *map(op.Outputs, range(op.OutputsLength()))]
            for tensor in (graph.Tensors(place) for place in places if place >= 0):
                if tensor.Type() not in _INTEGERS:
                    name = (tensor.Name() or b"").decode(errors="replace")
                    yield NotInteger(names[op.OpcodeIndex()], name, _TYPES.get(tensor.Type(), "unknown"))
