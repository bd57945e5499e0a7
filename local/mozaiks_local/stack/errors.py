"""What can be wrong with a local stack, one class per cause."""

from __future__ import annotations

__all__ = ["PortTakenError", "RuntimeClientMissingError", "StackError", "TemplateError"]


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


class RuntimeClientMissingError(StackError, NotImplementedError):
    """AWS's runtime client, which runs the handlers, does not exist for this platform."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "the local stack runs handlers in AWS's own runtime client (awslambdaric), which cannot be imported here "
            f"({reason}); it has wheels for Linux on x86_64 and aarch64 only: use Linux, WSL 2 or a Linux container"
        )
