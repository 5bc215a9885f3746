"""A whole ONNX graph lowered to one TensorFlow function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import float_rows, packages
from emgdeploy.convert.lowering import operators
from emgdeploy.convert.lowering.registry import Lowering, Node, Operand
from emgdeploy.convert.lowering.value import Value, canonical_axes, onnx_order, plain_dims
from emgdeploy.convert.names import plain
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.quant_points import FUSES, KEEPS_RANGE, taken_in
from emgdeploy.convert.recognise import recognised
from emgdeploy.convert.recurrence import LOOPED
from emgdeploy.errors import EmgDeployError, InputError
from emgdeploy.nets.ranges import Range
from emgdeploy.text import printable

# Of those that use an operator without a lowering, so many are named.
_NAMED = 3
_RECURRENT = frozenset({"LSTM"})


@dataclass(frozen=True)
class Program:
    """`function`: TensorFlow concrete function (1, *device shape) float32 -> (1, *output) float32.

    `window_axes` permutes the axes of one window (without batch) from ONNX's order to the device's.
    `recurrent`: it has layers for whose states only the converter finds ranges.
    """

    function: Any
    window_axes: tuple[int, ...]
    device_shape: tuple[int, ...]
    recurrent: bool = False


def lower(model: OnnxModel, source: str, ranges: Mapping[str, Range] | None = None) -> Program:
    """The float function, its tensors rounded to `ranges` (by ONNX's names) where these are given.

    Raises InputError naming the node and operator that cannot be lowered.
    """
    check_operators(model, source)
    model = recognised(model)
    tf = packages.tensorflow()
    axes = input_axes(len(model.input_shape))
    shape = tuple(model.input_shape[axis] for axis in axes)

    def network(window: Any) -> Any:
        given = _input(window, model.input_shape, axes)
        return onnx_order(_run(model, given, ranges or {})).tensor

    with packages.muted():
        # Without autograph: it would rewrite the source of every lowering, which takes most of a conversion.
        signature = [tf.TensorSpec(shape, tf.float32, name="window")]
        function = tf.function(network, input_signature=signature, autograph=False)
        concrete = function.get_concrete_function()
    recurrent = any(node.op_type in _RECURRENT for node in model.proto.graph.node)
    return Program(concrete, tuple(axis - 1 for axis in axes[1:]), shape[1:], recurrent)


def check_operators(model: OnnxModel, source: str) -> None:
    """Raise InputError naming all operators that have no lowering, and who uses them. Needs no TensorFlow."""
    without: dict[str, list[str]] = {}
    for node in recognised(model).proto.graph.node:
        if node.op_type != "Constant" and (node.domain or operators.find(node.op_type) is None):
            operator = printable(f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
            without.setdefault(operator, []).append(printable(node.name))
    if not without:
        _check_recurrent(model, source)
        return
    supported = f"supported are {', '.join(operators.supported())}"
    raise InputError(
        f"{source}: cannot be converted: {', '.join(_used(*one) for one in without.items())}",
        f"{supported}; or convert with another tool and build its .tflite",
    )


def check_wide(model: OnnxModel, source: str) -> None:
    """Raise InputError for what has no form of int16 activations: recurrent layers."""
    kinds = sorted({node.op_type for node in model.proto.graph.node} & (_RECURRENT | LOOPED))
    if kinds:
        raise InputError(
            f"{source}: cannot be converted to int16 activations: {', '.join(kinds)}",
            "leave --activations out: recurrent layers are compiled with int8 activations",
        )


def _check_recurrent(model: OnnxModel, source: str) -> None:
    """An LSTM's ranges are found by the converter, which crashes on the loops of the others."""
    kinds = {node.op_type for node in model.proto.graph.node}
    if kinds & _RECURRENT and kinds & LOOPED:
        others = " and ".join(sorted(kinds & LOOPED))
        raise InputError(
            f"{source}: cannot be converted: LSTM and {others} in one network",
            "use one kind of recurrent layer for all of them",
        )


def _used(operator: str, names: list[str]) -> str:
    """An operator with the first layers that use it."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{operator} ({', '.join(names[:_NAMED])}{more})"


def input_axes(rank: int) -> tuple[int, ...]:
    """ONNX axes in the order of the device's input buffer: channels last."""
    return tuple(axis for axis in canonical_axes(rank) if axis is not None)


def _input(window: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Value:
    dims = plain_dims(shape)
    order = tuple(((axis, 0),) if dims[axis] else () for axis in axes)
    return Value(window, dims, order)


def _run(model: OnnxModel, window: Value, ranges: Mapping[str, Range]) -> Value:
    """Evaluate the nodes in order; ONNX guarantees that this is an order of execution."""
    onnx, tf = packages.onnx(), packages.tensorflow()
    known: dict[str, Operand] = {t.name: _array(t) for t in model.proto.graph.initializer}
    known[model.input_name] = _ranged(window, model.input_name, ranges)
    known[""] = None
    held, rows = taken_in(model, ranges), float_rows.inside(model)
    for proto in model.proto.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        if proto.op_type == "Constant":
            known[proto.output[0]] = _constant(attributes)
            continue
        node = Node(
            proto.op_type,
            proto.name,
            tuple(known[name] for name in proto.input),
            attributes,
            tuple(proto.output),
            ranges.get(proto.output[0]),
            held.get(proto.output[0]),
            proto.output[0] in rows,
            ranges,
        )
        lowering = operators.find(node.op)
        if lowering is None:
            raise node.fail("cannot be converted")
        try:
            with tf.name_scope(f"{plain(node.name)}/"):  # so that TFLite's tensors are called after the layer
                known.update(zip(proto.output, _lowered(node, lowering, ranges), strict=False))
        except EmgDeployError:
            raise
        except Exception as error:  # TensorFlow and numpy refuse shapes and types with many classes
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise node.fail(f"cannot be converted ({printable(reason)})") from error
    result = known.get(model.output_name)
    if not isinstance(result, Value):
        raise InputError("the ONNX model's output does not depend on its input", "export the network again")
    return result


def _lowered(node: Node, lowering: Lowering, ranges: Mapping[str, Range]) -> Iterator[Value]:
    """What an operator makes of its operands; one that only moves numbers about hands their range on."""
    made = lowering(node)
    first = node.operands[0]
    for name, value in zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=False):
        kept = isinstance(first, Value) and (node.op in KEEPS_RANGE or value.tensor is first.tensor)
        if kept and isinstance(first, Value) and first.range is not None:
            yield replace(value, range=first.range)
        elif name in ranges or node.op in FUSES:
            yield _ranged(value, name, ranges)
        else:
            yield value.held(node.enough)


def _ranged(value: Value, name: str, ranges: Mapping[str, Range]) -> Value:
    return value.held(ranges.get(name))


def _constant(attributes: dict[str, Any]) -> NDArray[Any]:
    """The forms of ONNX's Constant that numbers come in."""
    if "value" in attributes:
        return _array(attributes["value"])
    for name in ("value_float", "value_floats", "value_int", "value_ints"):
        if name in attributes:
            kind = np.float32 if "float" in name else np.int64
            return np.asarray(attributes[name], kind)
    raise InputError("an ONNX Constant holds no number", "export the network again")


def _array(tensor: Any) -> NDArray[Any]:
    try:
        return np.asarray(packages.onnx().numpy_helper.to_array(tensor))
    except Exception as error:  # unknown element types and wrong lengths raise KeyError, ValueError and more
        raise InputError(
            f"the ONNX constant {printable(tensor.name)!r} cannot be read ({type(error).__name__})",
            "export the network again",
        ) from error
