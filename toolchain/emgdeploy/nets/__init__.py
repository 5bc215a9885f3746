"""PyTorch networks, training, evaluation and checkpoints."""
