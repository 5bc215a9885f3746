"""A compiler from the int8 graph to standalone C: kernel choice, weight packing, memory plan, text."""

from emgdeploy.codegen.generate import generate, kernels_by_operator
from emgdeploy.codegen.result import CodegenOptions, GeneratedModel, LayerInfo, TensorSpec

__all__ = ["CodegenOptions", "GeneratedModel", "LayerInfo", "TensorSpec", "generate", "kernels_by_operator"]
