"""ONNX, whose images are channels-first, lowered to a TensorFlow function that is channels-last.

One small file per operator family; `registry` holds what they announce, `value` the bookkeeping of
layouts that lets Transpose, Reshape and Flatten vanish instead of costing a copy on the device.
"""
