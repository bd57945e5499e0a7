"""MongoDB: one module per collection, indexes in one place."""
