"""A build for another day or person: placement and head from a few seconds of each gesture."""
