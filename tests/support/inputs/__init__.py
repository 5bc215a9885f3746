"""Recordings and damaged files."""
