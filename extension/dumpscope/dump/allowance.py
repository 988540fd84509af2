"""How many bytes an answer may be made of, where parts of a file can lie over each other."""

from __future__ import annotations


class Allowance:
    """Twice the bytes of a file: what an honest one takes at the most, as a name is often the tail of its path.

    Where each of a thousand records leads to the same bytes, or to others that overlap, a megabyte would make gigabytes. What
    follows the first that is too much is refused as well, so that it can be told from where on.
    """

    __slots__ = ("left",)

    def __init__(self, file_size: int) -> None:
        self.left = 2 * file_size

    def take(self, size: int) -> bool:
        """Whether ``size`` bytes more are within it; once they were not, only nothing at all is."""
        if size > self.left:
            self.left = 0
            return False
        self.left -= size
        return True
