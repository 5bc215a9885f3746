"""A page that shows a live session, served on this machine alone."""
