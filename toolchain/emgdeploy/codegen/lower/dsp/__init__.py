"""Kernels for cores with the DSP extension (Cortex-M4, M7, M33): what they need proven and packed."""
