"""``completion``: what a shell needs to complete our words, made from the registry. The text is static: pressing Tab starts no Python.

Each shell gets the same table: the commands, and of each command its options, what stands after an option, and what else it takes.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ...session.offers import offers
from ...session.registry import DUMP_NONE, Argument, Command
from ...session.session import Session
from ..options import COMMON

DUMPS = ("dmp", "mdmp", "hdmp", "zip", "gz", "bz2", "xz", "tar", "tgz", "cab", "7z", "zst")
"""Ends of names that are offered where a dump is wanted; all files, where a folder has none of them."""
PROGRAM = "dumpscope"
_PLAIN = re.compile(r"[\w.!~*-]+\Z")


class Taken(NamedTuple):
    """An option (or what stands without one): its names, what it is for, the words that can follow, and whether a file can."""

    names: Tuple[str, ...]
    help: str
    words: Tuple[str, ...]
    file: bool
    switch: bool


class Entry(NamedTuple):
    """A command: its names, what it is for, its options, and what stands without an option."""

    names: Tuple[str, ...]
    summary: str
    options: Tuple[Taken, ...]
    words: Tuple[str, ...]
    file: bool


def _words(argument: Argument, commands: Sequence[str]) -> Tuple[str, ...]:
    """The words that an argument can be, as far as they depend on no dump and need no quotes."""
    if argument.choices:
        return argument.choices
    if argument.completes == "command":
        return tuple(commands)
    found = (offer.text for offer in offers(Session(), argument.completes)) if argument.completes in ("rule", "flag", "debugger", "lesson") else ()
    return tuple(word for word in found if _PLAIN.match(word))


def _taken(argument: Argument, commands: Sequence[str]) -> Taken:
    return Taken(argument.names, argument.help, _words(argument, commands), argument.completes == "path", argument.switch)


def entries(commands: Sequence[Command]) -> List[Entry]:
    """The table that all shells get."""
    names = sorted(item.name for item in commands)
    rows = []
    for item in commands:
        spelled = tuple(name for name in (item.name, *item.aliases) if _PLAIN.match(name))
        options = tuple(_taken(argument, names) for argument in item.arguments if not argument.positional)
        places = [_taken(argument, names) for argument in item.arguments if argument.positional]
        words = tuple(dict.fromkeys(word for place in places for word in place.words))
        rows.append(Entry(spelled, item.summary, options, words, item.dump != DUMP_NONE or any(place.file for place in places)))
    return rows


def _common() -> List[Taken]:
    return [_taken(argument, ()) for argument in COMMON] + [Taken(("-h", "--help"), "help", (), False, True)]


def _names(taken: Sequence[Taken]) -> List[str]:
    return [name for item in taken for name in item.names]


def _valued() -> List[str]:
    """Options of every command that have a value: they can stand before the command."""
    return _names([item for item in _common() if not item.switch])


def _q(text: str) -> str:
    """Quoted for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _values(command: str, options: Sequence[Taken], act: Callable[[Taken], str]) -> Iterator[str]:
    """Rows of a ``case`` over the command and the word before."""
    for item in options:
        if not item.switch:
            yield "        " + "|".join(_q(f"{command}:{name}") for name in item.names) + f") {act(item)} ;;"


def _walk(word: str, step: str) -> List[str]:
    """Find the command among the words before the cursor: the inside of a loop over them. ``word`` is the current one, ``step`` goes on to the next."""
    return [
        f"        case {word} in",
        f"            {'|'.join(_valued())}) {step} ;;",
        "            -*) ;;",
        f"            *) command={word}; break ;;",
        "        esac",
        f"        {step}",
        "    done",
    ]


def _after_option(rows: Sequence[Entry], act: Callable[[Taken], str]) -> List[str]:
    """The command by its first name, then what follows an option that has a value: of every command, and of this one."""
    return [
        "    case $command in",
        *(f"        {'|'.join(map(_q, row.names))}) command={_q(row.names[0])} ;;" for row in rows if len(row.names) > 1),
        "    esac",
        "    case $before in",
        *("        " + "|".join(item.names) + f") {act(item)} ;;" for item in _common() if not item.switch),
        "    esac",
        "    case $command:$before in",
        *(line for row in rows for line in _values(row.names[0], row.options, act)),
        "    esac",
    ]


# -- bash --------------------------------------------------------------------------------------------------------------------


def bash(commands: Sequence[Command]) -> str:
    """Also for the bash 3.2 of macOS."""
    rows = entries(commands)
    out = [
        '# dumpscope: completion for bash. Put it into ~/.bashrc:  eval "$(dumpscope completion bash)"',
        "_dumpscope_words() {  # those of the words that begin as typed",
        "    local word",
        '    for word in "${@:2}"; do [[ $word == "$1"* ]] && COMPREPLY+=("$word"); done',
        "    return 0",
        "}",
        "_dumpscope_files() {  # folders and, with a second word, dumps; all files where there are none",
        "    local name all=() some=()",
        "    while IFS= read -r name; do",
        '        all+=("$name")',
        '        [[ -d $name ]] && some+=("$name") && continue',
        "        case $name in " + "|".join(f"*.{end}|*.{end.upper()}" for end in DUMPS) + ') some+=("$name") ;; esac',
        '    done < <(compgen -f -- "$1")',
        '    [[ -n $2 && ${#some[@]} -gt 0 ]] && all=("${some[@]}")',
        '    [[ ${#all[@]} -gt 0 ]] && COMPREPLY+=("${all[@]}")',
        "    compopt -o filenames 2>/dev/null",
        "    return 0",
        "}",
        "_dumpscope() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command='' at=1",
        "    COMPREPLY=()",
        "    while [[ $at -lt $COMP_CWORD ]]; do",
        *_walk("${COMP_WORDS[at]}", "at=$((at + 1))"),
    ]

    def act(item: Taken) -> str:
        if item.words:
            return f'_dumpscope_words "$current" {" ".join(map(_q, item.words))}; return'
        return '_dumpscope_files "$current"; return' if item.file else "return"

    out += _after_option(rows, act)
    common = " ".join(_names(_common()))
    out += [
        "    if [[ -z $command ]]; then",
        f'        if [[ $current == -* ]]; then _dumpscope_words "$current" {common} -V --version; return; fi',
        '        _dumpscope_words "$current" ' + " ".join(_q(name) for row in rows for name in row.names),
        '        _dumpscope_files "$current" dumps',
        "        return",
        "    fi",
        "    case $command in",
    ]
    for row in rows:
        options = " ".join(map(_q, _names(row.options)))
        act_rest = f'_dumpscope_words "$current" {" ".join(map(_q, row.words))}; ' if row.words else ""
        act_rest += '_dumpscope_files "$current" dumps' if row.file else ":"
        out.append(f'        {_q(row.names[0])}) if [[ $current == -* ]]; then _dumpscope_words "$current" {options} {common}; else {act_rest}; fi ;;')
    out += [
        f'        *) if [[ $current == -* ]]; then _dumpscope_words "$current" {common}; else _dumpscope_files "$current" dumps; fi ;;',
        "    esac",
        "}",
        "complete -F _dumpscope dumpscope",
    ]
    return "\n".join(out) + "\n"


# -- zsh ---------------------------------------------------------------------------------------------------------------------


def _described(pairs: Sequence[Tuple[str, str]]) -> str:
    return " ".join(_q(name.replace(":", "\\:") + ":" + about) for name, about in pairs)


def _option_pairs(options: Sequence[Taken]) -> List[Tuple[str, str]]:
    return [(name, item.help) for item in options for name in item.names]


def zsh(commands: Sequence[Command]) -> str:
    """To be sourced, or to be a file ``_dumpscope`` in a folder of ``fpath``."""
    rows = entries(commands)
    out = [
        "#compdef dumpscope",
        '# dumpscope: completion for zsh. Put it into ~/.zshrc, after compinit:  eval "$(dumpscope completion zsh)"',
        "_dumpscope() {",
        "    local current=${words[CURRENT]} before=${words[CURRENT-1]} command='' at=2",
        "    local -a offered",
        "    while (( at < CURRENT )); do",
        *_walk("${words[at]}", "(( at++ ))"),
    ]

    def act(item: Taken) -> str:
        if item.words:
            return f"compadd -- {' '.join(map(_q, item.words))}; return"
        return "_files; return" if item.file else "return"

    out += _after_option(rows, act)
    dumps = f"_files -g '*.({'|'.join(DUMPS)})'"
    out += [
        "    local -a common",
        f"    common=({_described(_option_pairs(_common()))})",
        "    if [[ -z $command ]]; then",
        f"        if [[ $current == -* ]]; then offered=({_described([('-V', 'print the version'), ('--version', 'print the version')])} $common)",
        f"        else offered=({_described([(name, row.summary) for row in rows for name in row.names])}); {dumps}; fi",
        "        _describe -V command offered",
        "        return",
        "    fi",
        "    if [[ $current == -* ]]; then",
        "        case $command in",
        *(f"            {_q(row.names[0])}) offered=({_described(_option_pairs(row.options))}) ;;" for row in rows if row.options),
        "        esac",
        "        offered+=($common)",
        "        _describe -V option offered",
        "        return",
        "    fi",
        "    case $command in",
    ]
    for row in rows:
        parts = [f"compadd -- {' '.join(map(_q, row.words))}"] if row.words else []
        parts += [dumps] if row.file else []
        out.append(f"        {_q(row.names[0])}) {'; '.join(parts) or ':'} ;;")
    out += [
        f"        *) {dumps} ;;",
        "    esac",
        "}",
        'if [[ ${funcstack[1]} == _dumpscope ]]; then _dumpscope "$@"; else compdef _dumpscope dumpscope; fi',
    ]
    return "\n".join(out) + "\n"


# -- fish --------------------------------------------------------------------------------------------------------------------


def _fq(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_option(condition: str, item: Taken) -> str:
    spelled = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in item.names)
    takes = "" if item.switch else " -r -F" if item.file else " -x"
    words = f" -a {_fq(' '.join(item.words))}" if item.words else ""
    return f"complete -c dumpscope{condition} {spelled}{takes}{words} -d {_fq(item.help)}"


def fish(commands: Sequence[Command]) -> str:
    """A file for ``~/.config/fish/completions``."""
    out = [
        f"# dumpscope: completion for fish:  {PROGRAM} completion fish > ~/.config/fish/completions/{PROGRAM}.fish",
        "function __dumpscope_is  # whether the command is one of these; without names, whether there is one",
        "    set -l tokens (commandline -opc)",
        "    set -e tokens[1]",
        "    set -l skip 0",
        "    for token in $tokens",
        "        if test $skip = 1",
        "            set skip 0",
        f"        else if contains -- $token {' '.join(_valued())}",
        "            set skip 1",
        "        else if not string match -q -- '-*' $token",
        "            test (count $argv) = 0; or contains -- $token $argv",
        "            return $status",
        "        end",
        "    end",
        "    return 1",
        "end",
        *(_fish_option("", item) for item in _common()),
        "complete -c dumpscope -n 'not __dumpscope_is' -s V -l version -d 'print the version'",
    ]
    for row in entries(commands):
        condition = f" -n {_fq('__dumpscope_is ' + ' '.join(row.names))}"
        for name in row.names:
            out.append(f"complete -c dumpscope -n 'not __dumpscope_is' -a {_fq(name)} -d {_fq(row.summary)}")
        if not row.file:
            out.append(f"complete -c dumpscope{condition} -f")
        if row.words:
            out.append(f"complete -c dumpscope{condition} -a {_fq(' '.join(row.words))}")
        out += [_fish_option(condition, item) for item in row.options]
    return "\n".join(out) + "\n"


# -- PowerShell --------------------------------------------------------------------------------------------------------------


def _pq(text: str) -> str:
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def _ptable(pairs: Sequence[Tuple[str, str]]) -> str:
    rows = [f"@({_pq(name)}, {_pq(about)})" for name, about in pairs]
    return "@(" + (", " if len(rows) == 1 else "") + ", ".join(rows) + ")"  # without the comma one pair would be two rows


def powershell(commands: Sequence[Command]) -> str:
    """For Windows PowerShell 5.1 and PowerShell 7. Where it offers nothing, the shell offers files."""
    rows = entries(commands)
    common = _common()
    valued = ", ".join(map(_pq, _valued()))
    out = [
        "# dumpscope: completion for PowerShell. Put it into $PROFILE:  dumpscope completion powershell | Out-String | Invoke-Expression",
        "Register-ArgumentCompleter -Native -CommandName dumpscope -ScriptBlock {",
        "    param($wordToComplete, $commandAst, $cursorPosition)",
        f"    $common = {_ptable(_option_pairs(common))}",
        f"    $commands = {_ptable([(name, row.summary) for row in rows for name in row.names])}",
        "    $options = @{",
        *(f"        {_pq(name)} = {_ptable(_option_pairs(row.options))}" for row in rows for name in row.names),
        "    }",
        "    $values = @{",
        *(f"        {_pq(':' + name)} = @({', '.join(map(_pq, item.words))})" for item in common if not item.switch for name in item.names),
        *(
            f"        {_pq(command + ':' + name)} = @({', '.join(map(_pq, item.words))})"
            for row in rows
            for command in row.names
            for item in row.options
            if not item.switch
            for name in item.names
        ),
        "    }",
        "    $places = @{",
        *(f"        {_pq(name)} = @({', '.join(map(_pq, row.words))})" for row in rows if row.words for name in row.names),
        "    }",
        "    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })",
        "    $command = ''",
        "    for ($at = 1; $at -lt $before.Count; $at++) {",
        f"        if (@({valued}) -ccontains $before[$at]) {{ $at++; continue }}",
        "        if ($before[$at] -notlike '-*') { $command = $before[$at]; break }",
        "    }",
        "    $last = $before[-1]",
        "    $offered = @()",
        '    if ($values.ContainsKey(":$last")) { $offered = $values[":$last"] | ForEach-Object { , @($_, $_) } }',
        '    elseif ($values.ContainsKey("${command}:$last")) { $offered = $values["${command}:$last"] | ForEach-Object { , @($_, $_) } }',
        "    elseif ($wordToComplete -like '-*') { $offered = @($options[$command]) + $common }",
        "    elseif ($command -eq '') { $offered = $commands }",
        "    elseif ($places.ContainsKey($command)) { $offered = $places[$command] | ForEach-Object { , @($_, $_) } }",
        "    foreach ($pair in $offered) {",
        "        if ($pair -and $pair[0].StartsWith($wordToComplete, [StringComparison]::OrdinalIgnoreCase)) {",
        "            [System.Management.Automation.CompletionResult]::new($pair[0], $pair[0], 'ParameterValue', $pair[1])",
        "        }",
        "    }",
        "}",
    ]
    return "\n".join(out) + "\n"


WRITERS: Dict[str, Callable[[Sequence[Command]], str]] = {"bash": bash, "zsh": zsh, "fish": fish, "powershell": powershell}


def script(shell: str) -> str:
    """The text for a shell, one of WRITERS."""
    from ...commands.index import all_commands
    from .shells import SHELLS

    return WRITERS[shell]([*all_commands(), *SHELLS.values()])


__all__ = ["WRITERS", "Entry", "Taken", "entries", "script"]
