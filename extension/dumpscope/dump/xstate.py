"""Extended processor state after a context: AVX registers, the shadow stack, and what else the processor saved.

After the plain context stands a CONTEXT_EX: three pairs of offset (signed, from the CONTEXT_EX itself) and length, for the
whole, the plain part, and the extended part. The extended part begins with the XSAVE header; a component's data lie at its
offset from MiscInfo's XStateData, less the 512 bytes of the legacy area, which is not repeated there.
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Tuple, Union

from ..format.contexts import CONTEXT_EX, XSAVE_AREA_HEADER, XSAVE_LEGACY_SIZE
from ..format.misc import XSTATE_FEATURE_NAME
from .absence import DAMAGED, NOT_THERE, Absent
from .streams.misc import MiscInfo

AVX = 2
CET_U = 11
HEADER_SIZE = XSAVE_AREA_HEADER.size

_CONTEXT_EX = CONTEXT_EX.select("XState.Offset", "XState.Length")
_STANDARD: Dict[int, Tuple[int, int]] = {AVX: (576, 256)}


def _name(number: int) -> str:
    return XSTATE_FEATURE_NAME.label(number) or f"component {number}"


class XStateArea(NamedTuple):
    """The extended state of one context.

    ``mask`` has a bit for each component whose values are stored (XSTATE_BV); a component that is not is in its initial state.
    ``offset`` is where the XSAVE header stands in the file, ``size`` the bytes from there on.
    """

    mask: int
    compaction: int
    data: bytes
    offset: int
    size: int
    features: Dict[int, Tuple[int, int]]

    @property
    def components(self) -> List[int]:
        """Numbers of the components that are stored."""
        return [bit for bit in range(63) if self.mask >> bit & 1]

    @property
    def component_names(self) -> List[str]:
        """Their names; ``component 20`` for one without."""
        return [_name(bit) for bit in self.components]

    def component(self, number: int) -> Union[bytes, Absent]:
        """The bytes of a component above 1; Absent when it is not stored or its place is not known."""
        if not self.mask >> number & 1:
            return Absent(NOT_THERE, f"{_name(number)}: in its initial state, nothing is stored")
        place = self.place(number)
        if place is None:
            return Absent(NOT_THERE, f"{_name(number)}: MiscInfo does not say where it lies")
        start, size = place
        data = self.data[start : start + size]
        if len(data) < size:
            return Absent(DAMAGED, f"{_name(number)}: ends after the context")
        return data

    def place(self, number: int) -> Union[Tuple[int, int], None]:
        """Offset from the XSAVE header and size of a component above 1, in bytes."""
        feature = self.features.get(number) or _STANDARD.get(number)
        if feature is None or feature[0] < XSAVE_LEGACY_SIZE + HEADER_SIZE:
            return None
        return feature[0] - XSAVE_LEGACY_SIZE, feature[1]

    @property
    def ymm_high(self) -> Union[List[int], Absent]:
        """Upper halves of the YMM registers: 128-bit numbers."""
        data = self.component(AVX)
        if isinstance(data, Absent):
            return data
        return [int.from_bytes(data[at : at + 16], "little") for at in range(0, min(len(data), 256) & ~15, 16)]

    @property
    def shadow_stack(self) -> Union[Tuple[int, int], Absent]:
        """IA32_U_CET and the shadow stack pointer."""
        data = self.component(CET_U)
        if isinstance(data, Absent):
            return data
        if len(data) < 16:
            return Absent(DAMAGED, "CET user: fewer than 16 bytes")
        control, pointer = struct.unpack_from("<QQ", data)
        return control, pointer


def read_xstate(data: bytes, base: int, offset: int, flagged: bool, misc: Union[MiscInfo, Absent]) -> Union[XStateArea, Absent]:
    """The extended state of a context whose bytes are ``data`` (from ``offset`` of the file) and whose plain part ends at ``base``."""
    if not flagged:
        return Absent(NOT_THERE, "ContextFlags do not claim extended state")
    if len(data) < base + _CONTEXT_EX.size:
        return Absent(NOT_THERE, "ContextFlags claim extended state, and none is stored after the context")
    relative, length = _CONTEXT_EX.unpack_from(data, base)
    start = base + relative
    if start < base + _CONTEXT_EX.size or start + HEADER_SIZE > len(data) or length < HEADER_SIZE:
        return Absent(DAMAGED, f"the CONTEXT_EX at 0x{offset + base:x} points outside the context")
    mask, compaction = struct.unpack_from("<QQ", data, start)
    features: Dict[int, Tuple[int, int]] = {}
    if not isinstance(misc, Absent):
        config = misc.xstate
        features = {} if isinstance(config, Absent) else config.features
    size = min(length, len(data) - start)
    return XStateArea(mask, compaction, data[start : start + size], offset + start, size, features)
