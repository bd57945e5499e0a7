"""``python -m benchmarks``: how fast and how large the product is, measured on its real parts, in one table.

Nothing here passes or fails: a target that is missed is shown as missed.
"""
