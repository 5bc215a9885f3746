"""Guided recording: what to ask of a person, in which order, and the data set that comes of it."""
