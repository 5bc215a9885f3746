"""Shape arithmetic that converters leave behind: known once shapes are, and gone before any rule is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import unfolded
from emgdeploy.graph.types import Constants, Op, Operator, Tensor


def _shape(op: Any, tensors: Given, where: str) -> Attributes:
    return {"element_type": int(table_of(op, "ShapeOptions", where).OutType())}


def _keep_dims(op: Any, tensors: Given, where: str) -> Attributes:
    return {"keep_dims": bool(table_of(op, "ReducerOptions", where).KeepDims())}


def _product(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    if values[0].dtype not in (np.int32, np.int64):
        raise ValueError(f"a product of {values[0].dtype}")
    axes = tuple(values[1].reshape(-1).tolist())
    product = values[0].astype(np.int64).prod(axis=axes, keepdims=op.keep_dims)
    return np.asarray(product).astype(values[0].dtype)


REDUCE_PROD = Operator("REDUCE_PROD", unfolded, newest=2, attributes=_keep_dims, fold=_product)
SHAPE = Operator("SHAPE", unfolded, attributes=_shape)
