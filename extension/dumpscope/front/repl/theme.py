"""Colours of the editor, for a dark and a light background. Answers have theirs from ``view.paint``."""

from __future__ import annotations

import functools
from typing import Dict, Mapping

from prompt_toolkit.styles import BaseStyle, Style

_DARK: Dict[str, str] = {
    "prompt": "ansigreen bold",
    "bottom-toolbar": "noreverse bg:#303030 #bcbcbc",
    "bottom-toolbar.name": "bold #ffffff",
    "bottom-toolbar.error": "bold #ff8787",
    "bottom-toolbar.warning": "#ffd787",
    "bottom-toolbar.good": "#87d787",
    "bottom-toolbar.key": "bold #87d7ff",
    "auto-suggestion": "#808080",
    "completion-menu": "bg:#303030 #d0d0d0",
    "completion-menu.completion": "bg:#303030 #d0d0d0",
    "completion-menu.completion.current": "noreverse bg:#005f87 #ffffff",
    "completion-menu.meta.completion": "bg:#262626 #9e9e9e",
    "completion-menu.meta.completion.current": "noreverse bg:#005f87 #d0d0d0",
    "match": "bold",
    "pygments.name.function": "ansibrightgreen",
    "pygments.name.builtin": "ansibrightcyan",
    "pygments.keyword": "ansibrightcyan",
    "pygments.name.attribute": "ansiyellow",
    "pygments.literal.number": "ansibrightyellow",
    "pygments.literal.number.hex": "ansibrightyellow",
    "pygments.literal.string": "ansigreen",
    "pygments.name.variable": "ansibrightmagenta",
    "pygments.operator": "ansibrightblue",
    "pygments.error": "ansibrightred",
    "pager.bar": "bg:#303030 #bcbcbc",
    "pager.found": "bg:#875f00 #ffffff",
}
_LIGHT: Dict[str, str] = {
    **_DARK,
    "prompt": "ansiblue bold",
    "bottom-toolbar": "noreverse bg:#dadada #444444",
    "bottom-toolbar.name": "bold #000000",
    "bottom-toolbar.error": "bold #af0000",
    "bottom-toolbar.warning": "#875f00",
    "bottom-toolbar.good": "#005f00",
    "bottom-toolbar.key": "bold #005f87",
    "auto-suggestion": "#8a8a8a",
    "completion-menu": "bg:#e4e4e4 #303030",
    "completion-menu.completion": "bg:#e4e4e4 #303030",
    "completion-menu.completion.current": "noreverse bg:#005f87 #ffffff",
    "completion-menu.meta.completion": "bg:#eeeeee #585858",
    "completion-menu.meta.completion.current": "noreverse bg:#005f87 #ffffff",
    "pygments.name.function": "ansigreen",
    "pygments.name.builtin": "ansiblue",
    "pygments.keyword": "ansiblue",
    "pygments.name.attribute": "ansimagenta",
    "pygments.literal.number": "ansiblue",
    "pygments.literal.number.hex": "ansiblue",
    "pygments.name.variable": "ansimagenta",
    "pygments.operator": "ansiblue",
    "pygments.error": "ansired",
    "pager.bar": "bg:#dadada #444444",
    "pager.found": "bg:#ffd787 #000000",
}
_PLAIN: Dict[str, str] = {
    "bottom-toolbar": "reverse",
    "completion-menu.completion.current": "reverse",
    "pager.bar": "reverse",
    "pager.found": "reverse",
}


def background(setting: str, variables: Mapping[str, str]) -> str:
    """``dark`` or ``light``: what is set, else what the terminal's variables say, else dark."""
    if setting in ("dark", "light"):
        return setting
    named = variables.get("DUMPSCOPE_THEME", "")
    if named in ("dark", "light"):
        return named
    last = variables.get("COLORFGBG", "").rpartition(";")[2]  # rxvt, Konsole and others: foreground;background
    return "light" if last in ("7", "15") else "dark"


@functools.cache
def style(theme: str, *, color: bool = True) -> BaseStyle:
    """The editor's style; the same object each time, since prompt_toolkit merges all its own styles anew when it meets another one."""
    return Style.from_dict(_PLAIN if not color else _LIGHT if theme == "light" else _DARK)


__all__ = ["background", "style"]
