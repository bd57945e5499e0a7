"""What can be wrong with a local stack, one class per cause."""

from __future__ import annotations

__all__ = ["PortTakenError", "StackError", "TemplateError"]


class StackError(Exception):
    """The local stack cannot do what it was asked; the message says why and what to do."""


class TemplateError(StackError):
    """The template, or a file it names, cannot be used."""


class PortTakenError(StackError):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken by another program: stop that program, or choose another port with PORT"
        )
        self.port = port
