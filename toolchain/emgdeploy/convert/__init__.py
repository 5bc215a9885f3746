"""PyTorch -> ONNX -> int8 TFLite, with a ledger of what each stage changed.

Also the home of the reference interpreter: the arithmetic that generated C must reproduce.
Entry points: `pipeline.convert_model`, `reference.Reference`, `golden.make`, `windows.quantize_windows`.
"""
