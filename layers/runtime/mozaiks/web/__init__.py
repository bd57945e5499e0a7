"""The HTTP API: FastAPI routes over the use cases. The only package that imports FastAPI."""
