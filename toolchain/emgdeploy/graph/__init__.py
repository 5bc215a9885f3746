"""A quantized .tflite file as a typed, validated graph, and the passes over it."""

from emgdeploy.graph.reader import read_tflite
from emgdeploy.graph.types import Graph, Op, Operator, Quantization, Tensor

__all__ = ["Graph", "Op", "Operator", "Quantization", "Tensor", "read_tflite"]
