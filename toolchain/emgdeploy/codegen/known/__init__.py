"""What is known of a network before any input comes: ranges of values, and which channels need which."""
