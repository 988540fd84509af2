"""Google Cloud Storage and Azure Blob Storage on the loopback address: as much of them as reading needs, and a count of what is sent."""

from __future__ import annotations

import json
import re
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Type
from urllib.parse import parse_qsl, unquote, urlsplit

CHANGED = 1_760_000_000
"""When each object was changed, in seconds since 1970."""
_ISO = "2025-10-09T08:53:20.000Z"
_DATE = formatdate(CHANGED, usegmt=True)
Headers = Sequence[Tuple[str, str]]


class _Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *args: Any) -> None:
        """Print nothing."""

    def answer(self, code: int, body: bytes, headers: Headers = (), length: int = -1) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.server.sent.append(len(body))
        self.wfile.write(body)

    def piece(self, data: bytes, asked: str, headers: Headers) -> None:
        """The whole object, or the range of it that was asked for."""
        found = re.match(r"bytes=(\d+)-(\d*)", asked)
        if found is None:
            return self.answer(200, data, headers)
        first, last = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
        return self.answer(206, data[first : last + 1], [*headers, ("Content-Range", f"bytes {first}-{last}/{len(data)}")])

    def listing(self, prefix: str, delimiter: str) -> Tuple[List[str], List[str]]:
        """Names below a prefix, and what stands for those behind a delimiter."""
        names, folders = [], set()
        for name in sorted(self.server.objects):
            head, mark, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            if not name.startswith(prefix):
                continue
            if mark:
                folders.add(prefix + head + mark)
            else:
                names.append(name)
        return names, sorted(folders)


class Google(_Store):
    """The JSON interface of Google Cloud Storage, with one bucket."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        plain = [("Content-Type", "application/json")]
        found = re.fullmatch(r"/(?:download/)?storage/v1/b/dumps/o/(.+)", parts.path)
        if found is not None and unquote(found[1]) in self.server.objects:
            name = unquote(found[1])
            if asked.get("alt") == "media":
                return self.piece(self.server.objects[name], self.headers.get("Range", ""), [("Content-Type", "application/octet-stream")])
            return self.answer(200, json.dumps(self.row(name)).encode(), plain)
        if parts.path == "/storage/v1/b/dumps/o":
            names, folders = self.listing(asked.get("prefix", ""), asked.get("delimiter", ""))
            return self.answer(200, json.dumps({"items": [self.row(name) for name in names], "prefixes": folders}).encode(), plain)
        return self.answer(404, b'{"error": {"code": 404, "message": "Not Found"}}', plain)

    def row(self, name: str) -> Mapping[str, str]:
        return {"name": name, "bucket": "dumps", "size": str(len(self.server.objects[name])), "updated": _ISO, "timeCreated": _ISO, "generation": "1"}


class Azure(_Store):
    """Azure Blob Storage, with one container of one account."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        name = unquote(parts.path).strip("/").partition("/")[2].partition("/")[2]
        times = [("Last-Modified", _DATE), ("x-ms-creation-time", _DATE), ("ETag", '"1"'), ("x-ms-blob-type", "BlockBlob")]
        if asked.get("comp") == "list":
            names, folders = self.listing(asked.get("prefix", ""), asked.get("delimiter", ""))
            rows = "".join(map(self.row, names)) + "".join(f"<BlobPrefix><Name>{folder}</Name></BlobPrefix>" for folder in folders)
            text = f'<?xml version="1.0"?><EnumerationResults ContainerName="dumps"><Blobs>{rows}</Blobs><NextMarker/></EnumerationResults>'
            return self.answer(200, text.encode(), [("Content-Type", "application/xml")])
        if not name:
            return self.answer(200, b"", times)
        data = self.server.objects.get(name)
        if data is None:
            return self.answer(404, b"", [("x-ms-error-code", "BlobNotFound")])
        if self.command == "HEAD":
            return self.answer(200, b"", times, len(data))
        return self.piece(data, self.headers.get("x-ms-range") or self.headers.get("Range") or "", times)

    def row(self, name: str) -> str:
        size = len(self.server.objects[name])
        told = f"<Last-Modified>{_DATE}</Last-Modified><Etag>1</Etag><Content-Length>{size}</Content-Length><BlobType>BlockBlob</BlobType>"
        return f"<Blob><Name>{name}</Name><Properties><Creation-Time>{_DATE}</Creation-Time>{told}</Properties></Blob>"


class Running:
    """A store that serves objects until it is closed. ``sent`` has the bytes of each answer."""

    def __init__(self, kind: Type[_Store], objects: Dict[str, bytes]) -> None:
        self._server: Any = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._server.daemon_threads = True
        self._server.objects = objects
        self.sent: List[int] = []
        self._server.sent = self.sent
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
