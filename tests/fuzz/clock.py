"""The promise of time, which the fuzzing program holds answers to. The tests count work instead: see tests/counting.py."""

from __future__ import annotations

from time import process_time
from typing import Optional, Tuple

from tests.fuzz.driver import Answer, Broken, Call, Checker

from dumpscope.session.session import Session

SECONDS = 1.0
SECONDS_PER_MIB = 2.0


class TimedChecker(Checker):
    """Measures the processor's time of each answer, and asks for a second one before it counts; ``slowest`` is the slowest of all."""

    def __init__(self) -> None:
        super().__init__()
        self.slowest: Tuple[float, str] = (0.0, "")

    def costed(self, data: bytes, call: Call, renderer: str, shared: Optional[Session] = None) -> Answer:
        """Run one call, and raise Broken if it took too long."""
        most = SECONDS + SECONDS_PER_MIB * len(data) / (1 << 20)
        begin = process_time()
        answer = self.answer(data, call, renderer, shared)
        took = process_time() - begin
        if took > most:
            begin = process_time()
            self.answer(data, call, renderer)  # somebody else may have had the processor
            again = process_time() - begin
            if again > most:
                raise Broken(f"{again:.2f} s")
        if took > self.slowest[0]:
            self.slowest = (took, f"`{call.command.name} {call.line}` as {renderer}")
        return answer
