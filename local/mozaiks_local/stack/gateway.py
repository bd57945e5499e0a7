"""The one port clients and functions see: HTTP API, WebSocket API and ``@connections``."""

from __future__ import annotations

import re

from .connections_api import ConnectionsApi, Faults
from .definitions import StackTemplate
from .http_api import HttpApi
from .http_server import HttpRequest, HttpResponse, HttpServer
from .lambda_service import LambdaService
from .site import Site
from .socket_api import Sockets
from .socket_connection import SocketLimits

__all__ = ["Gateway"]

_MAX_BODY_BYTES = 10 * 1024 * 1024
_CONNECTIONS = re.compile(r"^/([^/]+)/@connections/([^/]+)$")


class Gateway:
    """API Gateway's two kinds of API behind one port, as AWS's host serves them.

    Attributes
    ----------
    faults
        Faults tests put into posts to connections.
    sockets
        The open sockets.
    site
        The page on the same port; ``None`` where there is none.
    """

    def __init__(self, template: StackTemplate, service: LambdaService, limits: SocketLimits) -> None:
        self.sockets = Sockets(template.socket_apis, service, limits)
        self.site: Site | None = None
        self._connections = ConnectionsApi(self.sockets)
        self._http = HttpApi(template.http_routes, service)
        self._server = HttpServer(
            self._handle,
            max_body=_MAX_BODY_BYTES,
            upgrade=self.sockets.upgrade,
            too_large=lambda: HttpResponse(
                413, b'{"message":"Request Entity Too Large"}', [("Content-Type", "application/json")]
            ),
        )

    @property
    def faults(self) -> Faults:
        return self._connections.faults

    def posts(self, connection_id: str | None = None) -> int:
        """Count the messages posted to a connection, or to all of them; closed ones are still counted."""
        posts = self._connections.posts
        return posts[connection_id] if connection_id is not None else posts.total()

    def bind(self, host: str, port: int) -> int:
        """Take the port and give its number; clients wait until ``serve``.

        Raises
        ------
        PortTakenError
            If another program listens there.
        """
        return self._server.bind(host, port)

    async def serve(self) -> None:
        """Answer clients."""
        await self._server.serve()

    async def stop(self) -> None:
        await self.sockets.stop()
        await self._server.stop()

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        match = _CONNECTIONS.match(request.path)
        if match is not None:
            return await self._connections.handle(request, match.group(1), match.group(2))
        page = self.site.answer(request) if self.site is not None else None
        return page if page is not None else await self._http.handle(request)
