"""From recordings to board on one page: what the other rooms left behind, read back and drawn.

Everything on a page stands in JSON files beside it; nothing is computed anew but shares and intervals.
"""
