"""Whether recordings can be what they are said to be: numbers for each channel, and what they mean."""
