"""A chat as pure data, and the use cases on it."""
