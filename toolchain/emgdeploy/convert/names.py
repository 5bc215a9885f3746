"""Layer names as the author wrote them, `layers.0.conv1`, read off the names that exporters give to ONNX nodes.

PyTorch's tracing exporter writes the path of modules and the operator, `/layers/layers.0/conv1/Conv`; its newer one
keeps the path beside each node. Other names are taken as they are, of the characters that every later stage can show.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

# Those that carry a layer's weights, and so its name, where a layer is exported as several nodes.
_WEIGHTED = frozenset({"Conv", "ConvTranspose", "GRU", "Gemm", "LSTM", "MatMul", "RNN"})
_SCOPES = "pkg.torch.onnx.name_scopes"
_LONGEST, _LONGEST_NOTE = 200, 4000


def give(proto: Any) -> None:
    """Name every node of a parsed model after its layer, each differently. Doing it twice changes nothing."""
    nodes = [node for node in proto.graph.node if node.op_type != "Constant"]
    places = [_place(node) for node in nodes]
    paths = [path for path, _ in places]
    parents = {
        ".".join(path.split(".")[:end]) for path in set(paths) for end in range(1, path.count(".") + 1)
    }
    alone = Counter(paths)
    weighted = Counter(path for path, node in zip(paths, nodes, strict=True) if node.op_type in _WEIGHTED)
    names = []
    for node, (path, own) in zip(nodes, places, strict=True):
        only = alone[path] == 1 or (node.op_type in _WEIGHTED and weighted[path] == 1)
        names.append(path if path and only and path not in parents else f"{path}.{own}" if path else own)
    for node, name in zip(nodes, distinct(map(plain, names)), strict=True):
        node.name = name
        del node.metadata_props[:]


def plain(name: str) -> str:
    """The name in characters that TensorFlow's scopes, C comments, terminals and HTML take as they are."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name[:_LONGEST]).strip("._-") or "layer"


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind each that stood there before."""
    found: dict[str, None] = {}
    tried: Counter[str] = Counter()
    for name in names:
        other = name
        while other in found:
            tried[name] += 1
            other = f"{name}_{tried[name]}"
        found[other] = None
    return list(found)


def _place(node: Any) -> tuple[str, str]:
    """The module that a node belongs to ("" where nobody says), and what the node is called in it."""
    for entry in node.metadata_props:
        if (
            entry.key == _SCOPES
            and len(entry.value) < _LONGEST_NOTE
            and (path := _module(entry.value)) is not None
        ):
            return path, node.op_type
    name = node.name[:_LONGEST]
    *scopes, own = name.removeprefix("/").split("/")
    if name.startswith("/") and re.fullmatch(rf"{re.escape(node.op_type)}(_\d+)?", own):
        return _joined(scopes), own
    return "", ".".join([*scopes, own]) or node.op_type


def _module(scopes: str) -> str | None:
    """The path of modules of `['', 'layers.0', 'layers.0.conv1', 'conv2d']`."""
    try:
        found = ast.literal_eval(scopes)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(found, list) and len(found) > 1 and all(isinstance(one, str) for one in found):
        return str(found[-2])[:_LONGEST]
    return None


def _joined(scopes: list[str]) -> str:
    """`layers.0.conv1` of `layers`, `layers.0`, `conv1`: a container's name is in those of its children."""
    kept = [one for one, following in pairwise([*scopes, ""]) if not following.startswith(f"{one}.")]
    return ".".join(kept)
