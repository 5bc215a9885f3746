"""The best network for a board: candidates that fit it, trained on folds, and what none can beat."""
