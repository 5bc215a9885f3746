"""PyTorch -> ONNX -> int8 TFLite, with a ledger of what each stage changed.

Also the home of the reference interpreter: the arithmetic that generated C must reproduce.
"""
