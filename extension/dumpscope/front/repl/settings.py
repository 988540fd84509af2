"""Settings of the REPL, kept in a file of the user's, and the folders that such files belong in."""

from __future__ import annotations

import os
import sys
from typing import Dict, Mapping, NamedTuple, Optional, Tuple

from ...errors import UsageError
from ...wording.numbers import is_decimal


class Setting(NamedTuple):
    """One setting: its name, value when nothing is set, the values it can have (none: a number), and what it does."""

    name: str
    default: str
    choices: Tuple[str, ...]
    help: str


SETTINGS: Tuple[Setting, ...] = (
    Setting("pager", "on", ("on", "off", "less"), "long answers one page at a time: our own pager, none, or less"),
    Setting("theme", "auto", ("auto", "dark", "light"), "colours for a dark or a light background; auto asks the terminal's variables"),
    Setting("color", "auto", ("auto", "always", "never"), "colour at all; auto: on a terminal, unless NO_COLOR is set"),
    Setting("toolbar", "on", ("on", "off"), "the line at the bottom"),
    Setting("complete", "typing", ("typing", "tab"), "offer words while typing, or when Tab is pressed"),
    Setting("suggest", "on", ("on", "off"), "show in grey what the history would go on with"),
    Setting("keys", "emacs", ("emacs", "vi"), "how the line is edited"),
    Setting("width", "0", (), "columns that answers are wrapped to, 0 for those of the terminal"),
    Setting("findings", "on", ("on", "off"), "count in the background what is wrong with the dump, for the line at the bottom"),
)
_BY_NAME = {item.name: item for item in SETTINGS}
_WORDS = {"yes": "on", "true": "on", "1": "on", "no": "off", "false": "off", "own": "on"}


def config_folder(variables: Mapping[str, str]) -> str:
    """Where the user's settings belong; empty where that cannot be told."""
    return _folder(variables, "XDG_CONFIG_HOME", ".config", "APPDATA")


def state_folder(variables: Mapping[str, str]) -> str:
    """Where history belongs; empty where that cannot be told."""
    return _folder(variables, "XDG_STATE_HOME", os.path.join(".local", "state"), "LOCALAPPDATA")


def _folder(variables: Mapping[str, str], xdg: str, default: str, windows: str) -> str:
    base = variables.get(xdg, "")
    if not base and sys.platform == "win32":
        base = variables.get(windows, "")
    if not base:
        home = variables.get("HOME", "") or variables.get("USERPROFILE", "")
        base = os.path.join(home, default) if home else ""
    return os.path.join(base, "dumpscope") if base and os.path.isabs(base) else ""


class Settings:
    """The values in force. Nothing is written until something is set; a file that cannot be read or written is done without."""

    def __init__(self, folder: str = "") -> None:
        self.path = os.path.join(folder, "settings.ini") if folder else ""
        self._values: Dict[str, str] = {}
        self.problem = self._load()

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, _BY_NAME[name].default)

    def is_set(self, name: str) -> bool:
        """Whether it differs from the default."""
        return name in self._values

    @property
    def width(self) -> Optional[int]:
        """Columns to wrap to, None for the terminal's."""
        return int(self["width"]) or None

    def set(self, name: str, value: str, *, keep: bool = True) -> str:
        """Set one; returns a remark where it could not be kept. Raises UsageError for a name or value that is none."""
        found = _BY_NAME.get(name.lower())
        if found is None:
            from difflib import get_close_matches

            near = get_close_matches(name.lower(), _BY_NAME, 2, 0.5)
            raise UsageError(f"there is no setting {name!r}", f"did you mean {' or '.join(near)}?" if near else "`set` lists them")
        self._values[found.name] = _checked(found, value)
        if self._values[found.name] == found.default:
            del self._values[found.name]
        return self._save() if keep else ""

    def _load(self) -> str:
        if not self.path:
            return ""
        try:
            with open(self.path, encoding="utf-8") as file:
                rows = file.read(1 << 16).splitlines()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            return f"the settings in {self.path} cannot be read: {error}"
        wrong = []
        for row in rows:
            name, equals, value = row.partition("=")
            if equals and not row.lstrip().startswith(("#", ";", "[")):
                try:
                    self.set(name.strip(), value.strip(), keep=False)
                except UsageError as error:
                    wrong.append(error.message)
        return f"{self.path}: {'; '.join(wrong)}" if wrong else ""

    def _save(self) -> str:
        if not self.path:
            return "there is no folder of yours to keep it in: it lasts as long as this session"
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as file:
                file.write("".join(f"{name} = {value}\n" for name, value in sorted(self._values.items())))
        except OSError as error:
            return f"it lasts as long as this session: {self.path} cannot be written ({error.strerror or error})"
        return ""


def _checked(setting: Setting, value: str) -> str:
    plain = value.lower()
    if not setting.choices:
        if not is_decimal(plain) or not (plain == "0" or 20 <= int(plain) <= 1000):
            raise UsageError(f"{setting.name} takes 0 or a number from 20 to 1000, not {value!r}")
        return plain
    if plain not in setting.choices:
        plain = _WORDS.get(plain, plain)
    if plain not in setting.choices:
        raise UsageError(f"{setting.name} takes {', '.join(setting.choices)}, not {value!r}")
    return plain
