"""Channels that need no computing: found, absorbed by their readers, and taken out of the network."""

from emgdeploy.codegen.dead_channels.shrink import prune_channels

__all__ = ["prune_channels"]
