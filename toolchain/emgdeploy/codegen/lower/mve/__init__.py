"""Kernels for cores with Helium vectors (Cortex-M55): what they need proven and packed."""
