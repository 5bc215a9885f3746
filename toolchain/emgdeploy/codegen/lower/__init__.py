"""From one operator of the graph to one kernel call; one file per family of operators.

A file says in RECORDS which operators it is for. `dsp` and `mve` hold what `selection` tries first on
cores with these instruction sets.
"""
