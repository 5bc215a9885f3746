"""One file for each kind of file that is read in the process of `apart`; each `read` gives arrays by name.

`x` is (S, channels) float64; beside it may be `@names` and `@units` of the channels, `@rate_hz`, `@there` (names of all
arrays), and arrays that say
something of each sample.
"""

KINDS = {
    ".edf": "edf",
    ".bdf": "edf",
    ".xdf": "xdf",
    ".xdfz": "xdf",
    ".hea": "wfdb",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".json": "epn",
    ".otb+": "otb",
    ".otb4": "otb",
}
"""The module for each suffix."""
