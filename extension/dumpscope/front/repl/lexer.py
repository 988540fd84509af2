"""pygments lexers: of lines as they are typed here, and of what the debugger prints (``.dumpdebug``, ``!handle`` and others).

Both are registered with pygments as plugins, so that documents and pasted logs can be highlighted by name.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, Tuple

from pygments.lexer import Lexer, RegexLexer, bygroups
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    String,
    Text,
    Whitespace,
    _TokenType,
)

from ...commands.index import MODULES
from .filters import NAMES

_WORD = re.compile(
    r"""(?P<space>\s+)|(?P<string>"[^"]*"?|(?<!\S)'[^']*'?)|(?P<redirect>>{1,2})|(?P<bar>\|)|(?P<semicolon>;)"""
    r"""|(?P<option>(?<!\S)--?[A-Za-z][\w-]*)|(?P<register>[@$][\w$?]+)"""
    r"""|(?P<number>(?<![\w.\\/])(?:0[xnty][0-9a-fA-F`]+|[0-9a-fA-F]*[0-9][0-9a-fA-F`]*h?|[0-9a-fA-F]{8}`[0-9a-fA-F]{8}|[lL]\??[0-9a-fA-F]+)(?![\w.\\/:]))"""
    r"""|(?P<operator>[-+*/%&()=])|(?P<word>[^\s"'|;>@$()+*%&=]+)|(?P<other>.)""",
    re.DOTALL,
)
_KINDS = {
    "space": Whitespace,
    "string": String,
    "redirect": Operator,
    "bar": Operator,
    "semicolon": Operator,
    "option": Name.Attribute,
    "register": Name.Variable,
    "number": Number.Hex,
    "operator": Operator,
    "word": Text,
    "other": Text,
}
_DEBUGGER = re.compile(r"[!.][A-Za-z]\w*(?:\.\w+)?$|~\S*$|\|\|?$|\?\S*$|lm\w*$|d[bwdqpacu]s?$|dps$|dds$|dqs$|k[bpnv]*$|r$|q{1,2}$|s$|ln$|vertarget$|version$")


class LineLexer(Lexer):
    """Lines as they are typed in a session of dumpscope."""

    name = "dumpscope command line"
    aliases = ["dumpscope"]
    filenames: List[str] = []
    url = ""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        own = options.get("own", ())
        self._own = frozenset(own if isinstance(own, Iterable) else ())

    def get_tokens_unprocessed(self, text: str) -> Iterator[Tuple[int, _TokenType, str]]:
        """Offset, token type and text of each piece."""
        expecting = "command"
        for match in _WORD.finditer(text):
            kind = match.lastgroup or "other"
            value = match.group()
            token = _KINDS[kind]
            if "\n" in value and kind == "space":
                expecting = "command"
            elif kind == "space":
                pass
            elif expecting == "filter" and kind == "word" and value in NAMES:
                token, expecting = Keyword, ""
            elif kind == "semicolon":
                expecting = "command"
            elif kind == "bar" and expecting != "command":
                expecting = "filter"
            elif expecting == "command":
                expecting = ""
                token = self._command(value, kind, text, match.start())
            else:
                expecting = ""
            yield match.start(), token, value

    def _command(self, value: str, kind: str, text: str, at: int) -> _TokenType:
        low = value.lower()
        if low in MODULES or low in self._own or low.lstrip("!.") in MODULES:
            return Name.Function
        whole = re.match(r"\S+", text[at:])
        if _DEBUGGER.match(whole.group() if whole else value):
            return Name.Builtin
        if kind == "word" and any(name.startswith(low) for name in (*MODULES, *self._own)):
            return Text  # on the way to being one
        return _KINDS[kind] if kind in ("string", "number", "register") else Error if kind == "word" and not re.search(r"[\\/.:]", value) else Text


_ADDRESS = r"[0-9a-fA-F]{8}`[0-9a-fA-F]{8}"


class DebuggerLexer(RegexLexer):
    """What WinDbg and cdb print: prompts, ``.dumpdebug``, ``!handle``, threads, modules, memory, errors."""

    name = "WinDbg output"
    aliases = ["windbg-output", "windbg", "cdb"]
    filenames = ["*.dumpdebug", "*.dumpdebug.txt", "*.windbg"]
    mimetypes = ["text/x-windbg-output"]
    url = ""
    flags = re.MULTILINE

    tokens = {
        "root": [
            (r"^((?:\|\|\d+:)?\d+:\d{3}(?::\w+)?> ?)(.*)$", bygroups(Generic.Prompt, Name.Function)),
            (r"^(ERROR|Error)(:.*)$", bygroups(Generic.Error, Generic.Error)),
            (r"^(WARNING|\*\*\* WARNING|\*\*\* ERROR)(:.*)$", bygroups(Generic.Error, Generic.Error)),
            (r"^Unable to .*$|^ *\^ .* error in .*$|^No export .* found$", Generic.Error),
            (r'^    ".*"$', Generic.Error),
            (r"^-{3,} .*$|^\*{10,}$", Generic.Heading),
            (
                r"^(Stream \d+)(: type )(\S+)( \()(\d+)(\), size )([0-9A-F]+)(, RVA )([0-9A-F]+)$",
                bygroups(Keyword, Text, Name.Class, Text, Number.Integer, Text, Number.Hex, Text, Number.Hex),
            ),
            (r"^(Dir entry \d+)(, )(\S+)( .*)$", bygroups(Keyword, Text, Name.Class, Generic.Error)),
            (r"^(MINIDUMP_HEADER|Streams)(:)$", bygroups(Name.Class, Text)),
            (r"^( {16})([0-9A-F]{4,})( )(MiniDump\w+)$", bygroups(Whitespace, Number.Hex, Text, Name.Constant)),
            (r"^( *Handle)(\()([0-9A-Fa-f]+)(,)(\"[^\"]*\")(,)(\".*\")(\))$", bygroups(Keyword, Text, Number.Hex, Text, Name.Class, Text, String, Text)),
            (r"^(Handle )([0-9a-f]+)$", bygroups(Keyword, Number.Hex)),
            (r"^(\d+)( handles of type )(.*)$", bygroups(Number.Integer, Text, Name.Class)),
            (r"^(\d+)( Handles)$", bygroups(Number.Integer, Text)),
            (r"^(  Type[ \t]+)(.*)$", bygroups(Name.Attribute, Name.Class)),
            (r"^(  Name[ \t]+)(.*)$", bygroups(Name.Attribute, String)),
            (r"^(  (?:Attributes|GrantedAccess|HandleCount|PointerCount)[ \t]+)(.*)$", bygroups(Name.Attribute, Number.Hex)),
            (r"^( {9}[\w,]+)$", Name.Constant),
            (
                r"^([.#] ?| {0,2})( *\d+)(  [Ii]d: )([0-9a-f]+\.[0-9a-f]+)( Suspend: )(-?\d+)( Teb:? )([0-9a-f`]+)( \w+)(.*)$",
                bygroups(Operator, Number.Integer, Name.Attribute, Number.Hex, Name.Attribute, Number.Integer, Name.Attribute, Number.Hex, Text, String),
            ),
            (r"^([\w ]*\w)( *: +|:$)", bygroups(Name.Attribute, Text)),
            (r"^(\s*)(rax|eax)(=)", bygroups(Whitespace, Name.Variable, Operator)),
            (r"\b([re]?[a-ds]?[a-z]{1,2}|r\d+|efl|iopl)(=)([0-9a-f]+)\b", bygroups(Name.Variable, Operator, Number.Hex)),
            (_ADDRESS, Number.Hex),
            (r"\b0x[0-9a-fA-F]+\b|\b0n\d+\b", Number.Hex),
            (r"\b(?:HRESULT|NTSTATUS|Win32 error)\b", Keyword),
            (r"\b[0-9a-fA-F]{8,16}\b", Number.Hex),
            (r"'[^'\n]*'|\"[^\"\n]*\"", String),
            (r"\b[A-Za-z_][\w.]*![A-Za-z_][\w:~<>]*(?:\+0x[0-9a-f]+)?|\b[A-Za-z_]\w*\+0x[0-9a-f]+", Name.Function),
            (r"!\w+|\.\w+(?= -1)", Name.Builtin),
            (r"\b[A-Z_]{2,}(?:_[A-Z0-9]+)+\b", Name.Constant),
            (r"\bMiniDump\w+|\b\w+Stream\b", Name.Class),
            (r"^\$\$.*$", Comment),
            (r"\n", Whitespace),
            (r"[^\S\n]+", Whitespace),
            (r"\w+", Text),
            (r".", Text),
        ]
    }

    # Without staticmethod: pygments wraps the bare function, and before Python 3.10 it could not call a staticmethod object.
    def analyse_text(text: str) -> float:
        """How much a text looks like this, 0 to 1."""
        if re.search(r"^----- User Mini Dump Analysis", text, re.MULTILINE) or re.search(r"^ERROR: !\w+: extension exception", text, re.MULTILINE):
            return 0.9
        return 0.4 if re.search(r"^\d+:\d{3}> ", text, re.MULTILINE) else 0.0


__all__ = ["DebuggerLexer", "LineLexer"]
