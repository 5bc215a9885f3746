"""The reference's arithmetic, evaluated by the compiler: what it can compute, no device has to."""
