"""Downloads from symbol servers: into a local store, resumable, checked against their key, whole or not at all.

Nothing here runs unless the user asks for downloads. urllib is imported when the first file is asked for.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Optional, Tuple, Union
from urllib.parse import quote

from ..dump.absence import DAMAGED, NOT_APPLICABLE, NOT_THERE, Absent
from ..dump.source import Source
from ..errors import DumpError
from ..format.counted import counted
from .breakpad import open_symbol_file
from .image import image_file
from .packed import expand, packed_name
from .pdb.msf import MAGIC, pdb_key
from .symbolic_files import open_native

MAX_SIZE = 1 << 32
"""Bytes of a file that are downloaded."""
CHUNK = 1 << 16
ATTEMPTS = 3
"""How often a file is asked for when the connection breaks."""
TIMEOUT = 30.0
"""Seconds without a byte after which a server counts as silent."""

MAX_DIGITS = 18
"""Digits of a length that is believed."""
LACKING = Absent(NOT_THERE, "the server does not have it")

Progress = Callable[[int, int], None]


def _unseen(done: int, total: int) -> None:
    """Progress that nobody looks at."""


class Download:
    """Gets files from symbol servers. ``progress`` is told how many bytes of how many have come; ``limit`` bounds a file in bytes.

    A download that breaks is kept as ``NAME.part`` with the server's ETag and goes on from there, if the server still has that version.
    Servers that cannot be reached are not asked again.
    """

    def __init__(self, progress: Progress = _unseen, limit: int = MAX_SIZE, timeout: float = TIMEOUT) -> None:
        self.progress = progress
        self.limit = limit
        self.timeout = timeout
        self._dead: Dict[str, str] = {}
        self._opener: Any = None

    def fetch(self, url: str, store: str, name: str, key: str) -> Union[str, Absent]:
        """Path of ``store/name`` once it was downloaded from ``url`` and its content was found to have ``key``; Absent with the reason."""
        host = url.split("/", 3)[2]
        if host in self._dead:
            return Absent(NOT_THERE, f"not asked: {self._dead[host]}")
        part = os.path.join(store, name + ".part")
        try:
            os.makedirs(store, exist_ok=True)
            missing = self._get(url, part)
            if missing is LACKING:
                missing = self._packed(url, store, name, part)
            if missing is not None:
                if missing.kind == NOT_THERE:
                    self._clean(store, part)
                return missing
            found = content_key(part, key)
            what = found.message if isinstance(found, Absent) else f"its key is {found}" if found.upper() != key.upper() else cut(part)
            if what:
                self._clean(store, part)
                return Absent(DAMAGED, f"what the server sent was thrown away: {what}")
            target = os.path.join(store, name)
            os.replace(part, target)
            self._clean(store, part)
            return target
        except OSError as error:
            return Absent(NOT_THERE, f"cannot write to {store}: {error.strerror or error}")

    def _packed(self, url: str, store: str, name: str, part: str) -> Optional[Absent]:
        """The same where the server has the file compressed, or only says where it is: None when ``part`` is whole."""
        folder = url.rpartition("/")[0]
        cabinet = os.path.join(store, packed_name(name) + ".part")
        missing = self._get(f"{folder}/{quote(packed_name(name))}", cabinet)
        if missing is None:
            missing = expand(cabinet, part, self.limit)
            self._clean(store, cabinet)
        elif missing is LACKING:
            self._clean(store, cabinet)
            os.makedirs(store, exist_ok=True)
            missing = self._pointer(f"{folder}/file.ptr")
        return missing

    @staticmethod
    def _clean(store: str, part: str) -> None:
        """Remove a partial file, and the store's folders as far as they are empty."""
        for path in (part, part + ".etag"):
            if os.path.exists(path):
                os.remove(path)
        for folder in (store, os.path.dirname(store)):
            try:
                os.rmdir(folder)
            except OSError:
                return

    def _get(self, url: str, part: str) -> Optional[Absent]:
        """Fill ``part``; None when it is whole."""
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError

        reason = ""
        for _ in range(ATTEMPTS):
            try:
                done, absent = self._attempt(url, part)
                if done or absent is not None:
                    return absent
                reason = "the connection broke"
            except HTTPError as error:
                error.close()
                if error.code in (404, 410):
                    return LACKING
                if error.code == 416:
                    # The part is longer than the file: begin again.
                    os.remove(part)
                    continue
                return Absent(NOT_THERE, f"the server answers {error.code} {error.reason}")
            except URLError as error:
                self._dead[url.split("/", 3)[2]] = f"the server cannot be reached ({error.reason})"
                return Absent(NOT_APPLICABLE, f"the server cannot be reached ({error.reason})")
            except ValueError as error:  # a host or a place that cannot be written in a request, of the path or of a redirect
                return Absent(NOT_APPLICABLE, f"not an address that can be asked: {error}")
            except (HTTPException, TimeoutError, ConnectionError) as error:
                reason = str(error) or type(error).__name__
        return Absent(NOT_APPLICABLE, f"{reason}; {counted(os.path.getsize(part) if os.path.exists(part) else 0, 'byte')} are kept for the next time")

    def _open(self, url: str, headers: Dict[str, str], method: str = "GET") -> Any:
        from urllib.request import Request

        from .. import __version__

        if self._opener is None:
            self._opener = _opener()
        return self._opener.open(Request(url, headers={"User-Agent": f"dumpscope/{__version__}", **headers}, method=method), timeout=self.timeout)

    def _attempt(self, url: str, part: str) -> Tuple[bool, Optional[Absent]]:
        """One request: whether the file is whole, or why there will be none."""
        headers, start = {}, 0
        tag = part + ".etag"
        if os.path.exists(part) and os.path.exists(tag):
            start = os.path.getsize(part)
            with open(tag, encoding="latin-1") as file:
                etag = file.read(1024)
            if start and etag:
                headers = {"Range": f"bytes={start}-", "If-Range": etag}
        with self._open(url, headers) as answer:
            if answer.status == 206 and headers:
                if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                    os.remove(tag)  # another part than was asked for: begin again
                    return False, None
            else:
                start = 0  # the whole file, perhaps another version of it
            length = answer.headers.get("Content-Length", "")
            total = start + int(length) if length.isascii() and length.isdigit() and len(length) <= MAX_DIGITS else -1
            if total > self.limit:
                return False, Absent(DAMAGED, f"the file has {total} bytes, {self.limit} are downloaded at the most")
            etag = answer.headers.get("ETag", "")
            if start == 0:
                with open(tag, "w", encoding="latin-1", errors="replace") as file:
                    # A weak tag does not promise the same bytes.
                    file.write("" if etag.startswith("W/") else etag)
            with open(part, "r+b" if start else "wb") as out:
                out.seek(start)
                got = start
                while True:
                    data = answer.read(CHUNK)
                    if not data:
                        break
                    got += len(data)
                    if got > self.limit:
                        out.truncate(0)
                        return False, Absent(DAMAGED, f"the file has more than {self.limit} bytes, the most that is downloaded")
                    out.write(data)
                    self.progress(got, max(total, got))
        return total < 0 or got == total, None

    def _pointer(self, url: str) -> Absent:
        """Why there is no such file: whether the server says that it is elsewhere."""
        from http.client import HTTPException
        from urllib.error import URLError

        try:
            with self._open(url, {}, "HEAD"):
                return Absent(NOT_THERE, f"the server has it only elsewhere: file.ptr: {url}")
        except (URLError, OSError, HTTPException, ValueError):
            return LACKING


def _opener() -> Any:
    """Follows redirects over HTTP only, and never from HTTPS down to HTTP."""
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, build_opener

    class Redirects(HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            scheme = newurl.split(":", 1)[0].lower()
            if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
                raise HTTPError(req.full_url, code, f"and leads to {newurl[:200]}, which is not followed", headers, fp)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    return build_opener(Redirects)


def cut(path: str) -> str:
    """How much of a PDB or an image lacks at its end, by the sizes in its header, in words; empty where it is whole or cannot be told."""
    source = Source.from_path(path)
    try:
        head = source.some(0, 44)
        whole = 0
        if head.startswith(MAGIC):
            whole = int.from_bytes(head[32:36], "little") * int.from_bytes(head[40:44], "little")
        elif head.startswith(b"MZ"):
            image = image_file(source)
            whole = 0 if isinstance(image, Absent) else max((section.raw + section.raw_size for section in image.sections if section.raw), default=0)
        return f"it is cut: {source.size} of {counted(whole, 'byte')}" if source.size < whole else ""
    finally:
        source.close()


def content_key(path: str, key: str = "") -> Union[str, Absent]:
    """The key of a file, read from the file itself: a PDB, an image, a symbol file of Breakpad, else what symbolic reads.

    ``key`` chooses one of several objects in a file.
    """
    try:
        source = Source.from_path(path)
    except DumpError as error:
        return Absent(NOT_THERE, error.message)
    try:
        start = source.some(0, len(MAGIC))
        if start == MAGIC:
            return pdb_key(source)
        if start.startswith(b"MZ"):
            image = image_file(source)
            return image if isinstance(image, Absent) else f"{image.timestamp:08X}{image.size_of_image:x}"
        if start.startswith(b"MSCF"):
            return Absent(NOT_APPLICABLE, "a compressed file (CAB), which is not unpacked")
    finally:
        source.close()
    if start.startswith(b"MODULE "):
        symbols = open_symbol_file(path)
        if isinstance(symbols, Absent):
            return symbols
        symbols.close()
        return symbols.key
    native = open_native(path, key)
    return native if isinstance(native, Absent) else native.key
