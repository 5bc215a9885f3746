"""Random networks, a file for each kind of layer."""
