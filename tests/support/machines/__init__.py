"""Compilers, cores and sanitized programs that generated C is proven on."""
