"""From a model to a build folder: one job that opens the model, compiles it, measures it and describes it."""
