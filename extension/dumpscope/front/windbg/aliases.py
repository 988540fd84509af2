"""``!py C:\\…\\scripts\\aliases`` and ``!py -m dumpscope.windbg aliases``: lets ``!handles`` and the other names be typed as they are, for this session."""

from __future__ import annotations

import os
from typing import List

from ...commands.windbg.scripts import MODULE, alias_names
from ...errors import EXIT_DONE, EXIT_USAGE, UsageError
from .host import Host


def set_aliases(host: Host, folder: str, words: List[str]) -> int:
    """Define an alias for each script in ``folder``, or for each command of the package where it is MODULE; or take them away with ``off``."""
    if words in (["-h"], ["--help"]):
        host.write("aliases: lets !handles, !threads, !why and the others be typed as they are, for this session\nusage: !py aliases [off]\n\n")
        host.write("off  take them away again\n")
        return EXIT_DONE
    if words not in ([], ["off"]):
        raise UsageError("aliases takes no argument, or `off`", "!py aliases off")
    module = folder == MODULE
    names = [name for name in alias_names() if module or os.path.exists(os.path.join(folder, name + ".py"))]
    if host.engine is None:
        again = f"!py -3.9 -m {MODULE} aliases" if module else "!py -3.9 aliases; or $$><C:\\dumpscope\\scripts\\dumpscope_aliases.txt"
        raise UsageError("aliases are set through pykd, and this Python has none", again)
    if not names:
        raise UsageError(f"there are no scripts in {folder!r}", "dumpscope windbg --install FOLDER writes them")
    for name in names:
        host.execute(f"ad /q !{name}")
        if not words:
            script = f"-m {MODULE} {name}" if module else os.path.join(folder, name + ".py")
            host.execute(f'as !{name} {host.py} "{script}"' if " " in script and not module else f"as !{name} {host.py} {script}")
    if words:
        host.write("The aliases of dumpscope are gone.\n")
        return EXIT_DONE
    shown = [f"!{name}" for name in names]
    if host.supports_dml:
        host.write_dml("Now understood: " + " ".join(f'<link cmd="{text}">{text}</link>' for text in shown) + "\n")
    else:
        host.write("Now understood: " + " ".join(shown) + "\n")
    if not host.has_alias("!" + names[0]):
        host.write("The debugger did not take them.\n")
        return EXIT_USAGE
    return EXIT_DONE
