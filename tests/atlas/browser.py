"""A headless Chromium, driven through its DevTools protocol with nothing but the standard library."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from tests.counting import PATIENCE, POLLS

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
READY = "document.documentElement?.getAttribute('data-ready') === 'yes'"
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--mute-audio",
)


def find_browser() -> Optional[str]:
    """The path of a Chromium, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class WebSocket:
    """A client of one WebSocket: text messages out, text messages in (RFC 6455, without extensions)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._socket.sendall((request + f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(head.decode("latin-1"))

    def _fill(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the browser closed the connection")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def send(self, text: str) -> None:
        """One text message, masked as a client must."""
        data = text.encode("utf-8")
        size = len(data)
        if size < 126:
            head = struct.pack(">BB", 0x81, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x81, 0x80 | 127, size)
        mask = os.urandom(4)
        stream = mask * (size // 4 + 1)
        self._socket.sendall(head + mask + (int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big"))

    def receive(self) -> str:
        """The next text message."""
        whole = b""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self._take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._take(8))[0]
            data = self._take(size)
            opcode = first & 0xF
            if opcode == 8:
                raise ConnectionError("the browser closed the connection")
            if opcode in (9, 10):
                continue
            whole += data
            if first & 0x80:
                return whole.decode("utf-8")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Browser:
    """One Chromium with one page. ``problems`` gathers errors of the console, exceptions, and every request that is no file."""

    def __init__(self, path: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="dumpscope-browser-")
        command = [path, *SWITCHES, f"--user-data-dir={self._folder}", "--remote-debugging-port=0", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.problems: List[str] = []
        self.requests: List[str] = []
        self._number = 0
        self._socket: Optional[WebSocket] = None
        try:
            self._socket = WebSocket(self._page_address())
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def _page_address(self) -> str:
        note = Path(self._folder) / "DevToolsActivePort"
        opener = build_opener(ProxyHandler({}))
        for _ in range(POLLS):
            if self._process.poll() is not None:
                raise ConnectionError(f"the browser ended with {self._process.returncode}")
            try:
                port = note.read_text("ascii").split("\n")[0]
                with opener.open(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                    for target in json.load(answer):
                        if target["type"] == "page":
                            return str(target["webSocketDebuggerUrl"])
            except (OSError, ValueError, IndexError):
                pass
            time.sleep(0.05)
        raise ConnectionError("the browser did not answer")

    def call(self, method: str, **parameters: Any) -> Dict[str, Any]:
        """One call of the protocol; events that come meanwhile are noted."""
        assert self._socket is not None
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.receive())
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: Dict[str, Any] = message["result"]
                return result
            self._event(message)

    def _event(self, message: Dict[str, Any]) -> None:
        parameters = message.get("params", {})
        method = message.get("method")
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(parameters["exceptionDetails"])[:600])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(parameters["args"])[:600])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append(json.dumps(parameters["entry"])[:600])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.problems.append("a dialog: " + parameters["message"])

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:600])
        return result["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        for _ in range(POLLS):
            if self.evaluate(expression):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{expression}: {self.problems}")

    def size(self, width: int, height: int) -> None:
        """Make the window this large."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name: str) -> None:
        """What the system prefers: light or dark."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, path: Path, hash: str = "", ready: str = READY) -> None:
        """Load a page of ours and wait until it is drawn, which the expression ``ready`` says."""
        self.call("Page.navigate", url="about:blank")
        self.problems.clear()
        self.requests.clear()
        self.call("Page.navigate", url=path.as_uri() + hash)
        self.wait(f"location.protocol === 'file:' && {ready}")
        self.settle()

    def settle(self) -> None:
        """Let the page draw what it has to draw: it draws in the frame after what happened, and waits no time of its own."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))")

    def center(self, selector: str) -> Tuple[float, float]:
        """The middle of an element, scrolled into view."""
        found = self.evaluate(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); if (!one) return null; one.scrollIntoView({{block: 'nearest'}});"
            " const box = one.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        assert found is not None, f"nothing is {selector}"
        return found[0], found[1]

    def move(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def hover(self, selector: str) -> None:
        """Move the mouse over an element."""
        self.move(*self.center(selector))

    def click_at(self, x: float, y: float) -> None:
        """Click at a point."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
        self.settle()

    def click(self, selector: str) -> None:
        """Click an element."""
        self.click_at(*self.center(selector))

    def key(self, name: str) -> None:
        """Press a key by its name."""
        text = {"Enter": "\r", " ": " "}.get(name, name if len(name) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, text=text, windowsVirtualKeyCode=KEYS.get(name, 0))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=KEYS.get(name, 0))
        self.settle()

    def picture(self, path: Path) -> None:
        """Save what the window shows."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def pdf_size(self) -> int:
        """How many bytes the printed page has."""
        return len(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))

    def close(self) -> None:
        """End this browser, and nothing else."""
        if self._socket is not None:
            try:
                self.call("Browser.close")
            except (OSError, RuntimeError):
                pass
            self._socket.close()
        for _ in range(POLLS):
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


KEYS = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
