"""What can be asked on the command line.

Gives the argparse parser. What it reads has `module`, the module of this package whose `run` does the command. Imports
nothing that takes long.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from duologue._cli.terminal import visible_line
from duologue._version import __version__

if TYPE_CHECKING:
    from typing import TypeAlias

    Commands: TypeAlias = argparse._SubParsersAction["_Parser"]

_Layout = argparse.RawDescriptionHelpFormatter
_CODES = """\
exit codes:
  0    done, also where the reader of the output went away (as in `| head -1`)
  1    the provider or the stream failed; what had arrived is written
  2    usage: an argument, the prompt or the set-up is wrong (unknown provider, no key)
  130  interrupted with Ctrl-C; what had arrived is written
"""

_CHAT = """\
Ask a model, and write its answer as it arrives.

Without a PROMPT, standard input is the prompt, read to its end. With one, standard input
is left alone.

On a terminal, control characters in the answer are shown (such as \\x1b) and not obeyed,
the model's thoughts are dim, and a last line on standard error tells why the answer ended
and what it took. Into a pipe or a file goes the answer's text alone, as it came but for
the newlines at its end, of which there is one.
"""

_SERVE = """\
Serve the embedded model over HTTP on this machine, as an OpenAI-compatible server, until
Ctrl-C. Prints the address, the key and a command to try.
"""


class _Parser(argparse.ArgumentParser):
    """Repeats arguments that it cannot read in a visible form only: a script may have them from elsewhere."""

    def error(self, message: str) -> NoReturn:
        super().error(visible_line(message))


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = _Parser(
        prog="duologue",
        description="One client for every LLM provider.",
        epilog=_CODES,
        formatter_class=_Layout,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"duologue {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _add_chat(commands)
    _add_table(commands, "providers", "list the providers, and whether their keys are set")
    _add_table(commands, "models", "list what is known of models")
    _add_serve_local(commands)
    return parser


def _add_chat(commands: Commands) -> None:
    chat = _add_command(commands, "chat", "chat", "ask a model", _CHAT)
    chat.add_argument("prompt", nargs="?", metavar="PROMPT", help="what to ask (default: standard input)")
    chat.add_argument(
        "-p", "--provider", help="a name out of `duologue providers`, or NAME:MODEL (default: as the environment tells)"
    )
    chat.add_argument("-m", "--model", help="the model (default: the provider's)")
    chat.add_argument("--system", metavar="TEXT", help="instructions to the model, before the prompt")
    chat.add_argument("--base-url", metavar="URL", help="another server than the provider's own")
    chat.add_argument("--max-tokens", type=int, metavar="N", help="the most tokens to answer with")
    chat.add_argument("--temperature", type=float, metavar="T", help="how freely to sample; 0 for the likeliest token")
    chat.add_argument("--json", action="store_true", help="write every event of the stream, one JSON object a line")
    chat.add_argument(
        "--raw", action="store_true", help="let control characters through to the terminal: the model commands it"
    )
    chat.add_argument(
        "--async", action="store_true", dest="use_async", help="run the async client, not the blocking one"
    )


def _add_table(commands: Commands, name: str, about: str) -> None:
    table = _add_command(commands, name, "tables", about, f"{about.capitalize()}.")
    table.add_argument("--json", action="store_true", help="write a JSON array")


def _add_serve_local(commands: Commands) -> None:
    serve = _add_command(commands, "serve-local", "serve_local", "serve the embedded model over HTTP", _SERVE)
    serve.add_argument("--port", type=_port, default=0, metavar="N", help="where to listen (default: any free port)")
    serve.add_argument("--tools", action="store_true", help="make the model answer with tool calls")


def _add_command(commands: Commands, name: str, module: str, about: str, description: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=about, description=description, epilog=_CODES, formatter_class=_Layout, allow_abbrev=False
    )
    command.set_defaults(module=f"duologue._cli.{module}")
    return command


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535")
    return port
