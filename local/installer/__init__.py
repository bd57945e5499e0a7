"""Makes the project's Python environment from its locked requirements, with pip and the standard library alone."""
