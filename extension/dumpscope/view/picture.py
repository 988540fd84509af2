"""Shares as bars: how much of a whole each kind has, and the whole as one strip."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Sequence, Tuple

from .escape import printable
from .kinds import size_text
from .paint import Paint


class Share(NamedTuple):
    """One bar: its label, how much, a letter for the strip, and the role of its colour."""

    label: str
    amount: int
    letter: str
    role: str = ""


class Picture:
    """``strip`` are cells from the beginning of the whole to its end, each a letter of a share; ``shares`` are the bars."""

    __slots__ = ("key", "shares", "strip", "title", "total")

    def __init__(self, title: str, total: int, strip: Sequence[str], shares: Sequence[Share]) -> None:
        self.key = ""
        self.title = title
        self.total = total
        self.strip = strip
        self.shares = shares


def picture(block: Picture, paint: Paint, width: int) -> Iterator[str]:
    """The picture as text: the strip in rows, then the bars. Only for people; JSON has the numbers elsewhere."""
    if block.title:
        yield paint.text(printable(block.title), "title") + "\n"
    roles = {share.letter: share.role for share in block.shares}
    columns = max(16, min(64, width - 14) // 16 * 16)
    digits = max(4, len(f"{block.total:x}"))
    cells = list(block.strip)
    for row in range(0, len(cells), columns):
        place = block.total * row // max(1, len(cells))
        yield f"{paint.text(f'{place:0{digits}x}', 'offset')}  {''.join(_runs(cells[row : row + columns], roles, paint))}\n"
    labels = max((len(share.label) for share in block.shares), default=0)
    narrow = width < labels + 44
    room = max(6, min(40, width - labels - (24 if narrow else 34)))
    for share in block.shares:
        part = share.amount / block.total if block.total else 0.0
        bar = _bar(part, room)
        letter = paint.text(share.letter, share.role)
        numbers = f"{part * 100:5.1f}%  {share.amount if narrow else size_text(share.amount)}"
        yield f"  {letter} {printable(share.label).ljust(labels)}  {paint.text(bar, share.role)}{' ' * (room - len(bar))}  {numbers}\n"


def _runs(cells: Sequence[str], roles: dict[str, str], paint: Paint) -> Iterator[str]:
    """Neighbours of one letter are painted together."""
    start = 0
    for at in range(1, len(cells) + 1):
        if at == len(cells) or cells[at] != cells[start]:
            yield paint.text("".join(cells[start:at]), roles.get(cells[start], ""))
            start = at


def _bar(part: float, room: int) -> str:
    return "#" * max(1 if part > 0 else 0, round(part * room))


def strip(pieces: Sequence[Tuple[int, int, str]], total: int, cells: int) -> List[str]:
    """A letter for each of ``cells`` equal parts of the whole: the one that has most of it. ``pieces`` are (offset, size, letter) in order."""
    if not total or not pieces:
        return []
    cells = min(cells, total)
    out: List[str] = []
    at = 0
    for cell in range(cells):
        low, high = total * cell // cells, total * (cell + 1) // cells
        while at < len(pieces) and pieces[at][0] + pieces[at][1] <= low:
            at += 1
        best: dict[str, int] = {}
        number = at
        while number < len(pieces) and pieces[number][0] < high:
            offset, size, letter = pieces[number]
            best[letter] = best.get(letter, 0) + min(high, offset + size) - max(low, offset)
            number += 1
        out.append(max(best, key=lambda letter: best[letter]) if best else " ")
    return out
