"""Devices, lines and links that stand in for real ones."""
