"""Where decisions go beside the terminal: one file for each kind of receiver."""
