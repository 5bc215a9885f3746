"""Pages that need no other file: one style, one template, and blocks that say what stands on them.

Whoever has results makes blocks of them; nothing here knows what a bench or a training is.
"""
