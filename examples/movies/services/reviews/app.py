"""What people wrote about a film, in Python: the standard library only, behind a sidecar.

GET /reviews?film=N   the film's reviews, with its title from the catalog, asked for through the sidecar
GET /healthcheck      200 when it can serve
"""

import http.client
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SIDECAR = urlsplit(os.environ.get("HOLDFAST_SIDECAR", "http://127.0.0.1:8078"))
# What goes on from the request that is served to those made on its behalf.
CARRIED = ("traceparent", "tracestate", "x-request-id", "x-holdfast-deadline-ms")
CALL_MAX_S = 2.0

PEOPLE = ("Ada", "Bruno", "Clara", "Dmitri", "Edith", "Felix")
OPINIONS = (
    "The pianist never looked up, and neither did I.",
    "Two reels too long, and I would not miss one of them.",
    "I laughed where nobody else did.",
    "The title cards alone are worth the ticket.",
    "My grandmother was right about this one.",
    "The dog should have had top billing.",
    "It rained in the film and in the theatre.",
)


class Meters:
    """Counts in spectatord's line protocol; the sidecar listens. A line that is lost is lost."""

    def __init__(self) -> None:
        at = urlsplit(os.environ.get("SPECTATOR_OUTPUT_LOCATION", ""))
        self._at = (at.hostname, at.port) if at.scheme == "udp" else None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def count(self, line: str) -> None:
        if self._at is None:
            return
        try:
            self._socket.sendto(f"c:{line}".encode(), self._at)
        except OSError:
            pass


class Sidecar:
    """Calls other services by name; one kept connection a thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def json(self, service: str, path: str, headers: dict[str, str]) -> object:
        for attempt in (1, 2):
            reused = getattr(self._local, "connection", None)
            connection = reused or http.client.HTTPConnection(SIDECAR.hostname, SIDECAR.port, timeout=CALL_MAX_S)
            try:
                connection.request("GET", f"/to/{service}{path}", headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                # A kept connection may have been closed meanwhile; a new one has no such excuse.
                if reused is None or attempt == 2:
                    raise
                continue
            self._local.connection = connection
            if answer.status != 200:
                raise OSError(f"{service} answered {answer.status}")
            return json.loads(body)
        raise OSError(f"{service} did not answer")


def reviews_of(film: int) -> list[dict[str, str]]:
    """Made up, but always the same for a film."""
    seed = (film * 2654435761) & 0xFFFFFFFF
    many = 1 + seed % 3
    return [
        {"by": PEOPLE[(seed >> (4 + 3 * i)) % len(PEOPLE)], "text": OPINIONS[(seed >> (9 + 5 * i)) % len(OPINIONS)]}
        for i in range(many)
    ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    sidecar = Sidecar()
    meters = Meters()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/healthcheck":
            return self.answer(200, {"status": "UP"})
        film = parse_qs(url.query).get("film", [""])[0]
        if url.path != "/reviews" or not film.isdecimal() or len(film) > 9:
            return self.answer(404, {"error": f"{url.path}: not found"})
        carried = {name: self.headers[name] for name in CARRIED if self.headers[name]}
        try:
            titles = self.sidecar.json("catalog", f"/titles?ids={int(film)}", carried)
        except (OSError, ValueError) as error:
            # The reviews are ours; only the title is the catalog's.
            print(json.dumps({"event": "reviews.title.missing", "film": int(film), "why": str(error)}), flush=True)
            titles = []
        title = titles[0]["title"] if titles else ""
        self.meters.count(f"reviews.shown,title={'known' if title else 'missing'}:1")
        self.answer(200, {"film": int(film), "title": title, "reviews": reviews_of(int(film))})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Each request is counted by the sidecar already."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "7001"))
    with Server((host, port), Handler) as server:
        print(json.dumps({"event": "reviews.started", "port": port, "python": sys.version.split()[0]}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
