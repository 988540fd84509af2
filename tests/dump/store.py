"""A store on the loopback address: moto's S3 server, with one object of 10 GB in front of it that is nowhere, and a count of what is sent."""

from __future__ import annotations

import re
import threading
from typing import Any, Callable, Dict, Iterable, List, Tuple

BUCKET = "dumps"
BIG = f"/{BUCKET}/big.dmp"
BIG_SIZE = 10 << 30


class Store:
    """The server. ``sent`` are the requests for bytes of objects, as (path, bytes); ``big`` is the beginning of the large object."""

    def __init__(self, objects: Dict[str, bytes], big: bytes) -> None:
        import boto3
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self.big = big
        self.sent: List[Tuple[str, int]] = []
        self._moto: Callable[..., Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.client: Any = boto3.client("s3", endpoint_url=self.address, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)
        for name, data in objects.items():
            self.client.put_object(Bucket=BUCKET, Key=name, Body=data)

    def _answer(self, environ: Dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == BIG and method in ("GET", "HEAD"):
            return self._large(method, environ.get("HTTP_RANGE", ""), start)
        body = b"".join(self._moto(environ, start))
        if method == "GET" and path.count("/") > 1:
            self.sent.append((path, len(body)))
        return [body]

    def _large(self, method: str, asked: str, start: Callable[..., Any]) -> Iterable[bytes]:
        head = [("ETag", '"1"'), ("Last-Modified", "Tue, 03 Feb 2026 10:00:00 GMT"), ("Accept-Ranges", "bytes"), ("Content-Type", "binary/octet-stream")]
        if method == "HEAD":
            start("200 OK", [*head, ("Content-Length", str(BIG_SIZE))])
            return []
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        assert found, f"a part is asked for, not {asked!r}"
        first, last = int(found[1]), min(int(found[2]), BIG_SIZE - 1)
        size = last - first + 1
        self.sent.append((BIG, size))
        start("206 Partial Content", [*head, ("Content-Length", str(size)), ("Content-Range", f"bytes {first}-{last}/{BIG_SIZE}")])
        piece = self.big[first : last + 1]
        return [piece + bytes(size - len(piece))]

    def count(self, name: str = "big.dmp") -> int:
        """Bytes of an object that were sent."""
        return sum(size for path, size in self.sent if path == f"/{BUCKET}/{name}")

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
