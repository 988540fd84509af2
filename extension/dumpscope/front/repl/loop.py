"""The session: a prompt, its keys, its completion, its toolbar; lines go to the runner."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Optional, Union

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, ConditionalAutoSuggest
from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.lexers import DynamicLexer, Lexer, PygmentsLexer
from prompt_toolkit.styles import DynamicStyle

from ...commands.index import load_plugins
from ...errors import EXIT_DONE
from .bindings import Question, bindings
from .history import typed_lines
from .runner import Runner
from .settings import state_folder
from .teacher import KeptProgress, Teacher
from .terminal import Terminal
from .toolbar import Findings, toolbar
from .typeahead import unechoed

if TYPE_CHECKING:
    from .completer import ReplCompleter

WELCOME = "F1 helps, F2 asks why, Tab completes, Ctrl-D leaves"
MENU = 8
"""Rows of the menu of completions."""
SWITCH = 0.0005
"""Seconds that one thread of Python may keep the others waiting."""


class Loop:
    """Reads lines and runs them until the session is left; ``status`` is the exit code of the last one."""

    def __init__(self, runner: Runner, screen: Terminal, history: History, *, input: Any = None, output: Any = None) -> None:
        self.runner = runner
        self.screen = screen
        self.status = 0
        settings = runner.settings
        runner.history = lambda: typed_lines(history)
        runner.teacher = Teacher(screen, KeptProgress(state_folder(screen.env.variables)), input=input, output=output)
        self._findings: Optional[Findings] = Findings(self._redraw)
        self._lexer: Optional[Lexer] = None
        self._completer = _Late(runner)
        self.prompt: PromptSession[Union[str, Question]] = PromptSession(
            message=self._message,
            history=history,
            completer=self._completer,
            complete_in_thread=True,
            complete_while_typing=Condition(lambda: settings["complete"] == "typing"),
            auto_suggest=ConditionalAutoSuggest(AutoSuggestFromHistory(), Condition(lambda: settings["suggest"] == "on")),
            lexer=DynamicLexer(self._lexed),
            key_bindings=bindings(runner),
            bottom_toolbar=self._toolbar if settings["toolbar"] == "on" else None,
            style=DynamicStyle(screen.style),
            color_depth=screen.depth,
            editing_mode=EditingMode.VI if settings["keys"] == "vi" else EditingMode.EMACS,
            reserve_space_for_menu=0,
            input=input,
            output=output,
        )
        self.prompt.default_buffer.on_text_changed += self._begun

    # -- what stands around the line ---------------------------------------------------------------------------------------

    def _message(self) -> StyleAndTextTuples:
        return [("class:prompt", self.runner.workspace.prompt)]

    def _toolbar(self) -> StyleAndTextTuples:
        findings = self._findings if self.runner.settings["findings"] == "on" else None
        if findings is not None:
            findings.ask(self.runner.workspace.session)
        return toolbar(self.runner.workspace, findings, self.prompt.app.output.get_size().columns)

    def _lexed(self) -> Optional[Lexer]:
        # An empty line needs none: the first prompt does not wait for pygments.
        if self._lexer is None and self.screen.colored and self.prompt.default_buffer.text:
            from .lexer import LineLexer

            self._lexer = PygmentsLexer(LineLexer, sync_from_start=True)
            self._lexer.pygments_lexer = LineLexer(own=tuple(self.runner.own))
        return self._lexer

    def _redraw(self) -> None:
        app = self.prompt.app
        if app.is_running:
            app.invalidate()

    def _begun(self, _: Any) -> None:
        """Something is typed: keys, colours and completion go by the names of all commands now, which the first prompt did without.

        Room for the menu is made here, not before: it would push the answer above off the screen.
        """
        load_plugins()
        self.prompt.reserve_space_for_menu = MENU

    # -- running -----------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Run until the user leaves; returns 0: what single commands answered is no matter for whoever started the session."""
        switching = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)  # threads that index and count must not make keys wait
        try:
            with unechoed(self.prompt.app.input):
                return self._run()
        finally:
            sys.setswitchinterval(switching)
            if self._findings is not None:
                self._findings.close()
            self._completer.close()

    def _run(self) -> int:
        text, cursor = "", 0
        while not self.runner.leaving:
            self._apply_settings()
            self.prompt.reserve_space_for_menu = 0
            try:
                typed = self.prompt.prompt(default=text, pre_run=partial(self._place, cursor))
            except KeyboardInterrupt:
                text, cursor = "", 0
                continue
            except EOFError:
                break
            text, cursor = "", 0
            if isinstance(typed, Question):
                self._echo(typed.statement)
                self.status = self.runner.run_statement(typed.statement)
                text, cursor = typed.text, typed.cursor
            elif typed.strip():
                self.status = self.runner.run(typed)
        return EXIT_DONE

    def _place(self, cursor: int) -> None:
        if cursor:
            self.prompt.default_buffer.cursor_position = cursor

    def _echo(self, statement: str) -> None:
        """A key was pressed: show what it stands for, so that it can be typed the next time."""
        paint = self.screen.paint()
        self.screen.write(paint.text("▸ " + statement, "dim") + "\n")

    def _apply_settings(self) -> None:
        settings = self.runner.settings
        self.prompt.bottom_toolbar = self._toolbar if settings["toolbar"] == "on" else None
        self.prompt.editing_mode = EditingMode.VI if settings["keys"] == "vi" else EditingMode.EMACS
        self.prompt.color_depth = self.screen.depth


class _Late(Completer):
    """The completer, made when the first word is completed: the first prompt does not wait for it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._made: Optional[ReplCompleter] = None

    def get_completions(self, document: Any, complete_event: Any) -> Any:
        """Completions for the word before the cursor."""
        if self._made is None:
            from .completer import ReplCompleter

            self._made = ReplCompleter(self._runner)
        return self._made.get_completions(document, complete_event)

    def close(self) -> None:
        """Close what it opened."""
        if self._made is not None:
            self._made.close()


def ask_for_dump(screen: Terminal, *, input: Any = None, output: Any = None) -> str:
    """Ask for the path of a dump, with completion; empty when none is given."""
    from prompt_toolkit.completion import Completion

    from .completer import SHOWN, paths, score

    class Paths(Completer):
        """Folders and dumps."""

        def get_completions(self, document: Any, complete_event: Any) -> Any:
            """What lies in the folder that is typed."""
            typed = document.text_before_cursor
            name = os.path.basename(typed)
            count = 0
            for offer in paths(typed):
                if score(name, os.path.basename(offer.text.rstrip(os.sep))):
                    yield Completion(offer.text, start_position=-len(typed), display_meta=offer.about)
                    count += 1
                    if count >= SHOWN:
                        return

    prompt: PromptSession[str] = PromptSession(
        message=[("class:prompt", "dump: ")],
        completer=Paths(),
        complete_in_thread=True,
        complete_while_typing=True,
        style=DynamicStyle(screen.style),
        color_depth=screen.depth,
        bottom_toolbar=" the path of a .dmp file; Tab completes, Enter opens, Ctrl-D leaves",
        input=input,
        output=output,
    )
    try:
        return prompt.prompt(pre_run=lambda: prompt.default_buffer.start_completion(select_first=False)).strip().strip("\"'")
    except (KeyboardInterrupt, EOFError):
        return ""


__all__ = ["WELCOME", "Loop", "ask_for_dump"]
