"""Find a file on the user's package index.

Takes pip's and uv's own settings (environment, then pip's configuration files), gives the file's address.
The index's page is read as JSON (PEP 691) or HTML (PEP 503). Raises `ValueError` where the page is none or
does not list the file. A password in the index's address is sent to that index alone and appears in no message.
"""

from __future__ import annotations

import configparser
import html.parser
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import httpx

DEFAULT = "https://pypi.org/simple"
VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class Index(NamedTuple):
    """An index without its credentials, and those apart."""

    url: str  # no slash at the end
    credentials: tuple[str, str] | None

    def auth_for(self, url: str) -> tuple[str, str] | None:
        """Give the credentials for an address on the index's own host, none for any other."""
        return self.credentials if _origin(url) == _origin(self.url) else None


def find_index(environ: Mapping[str, str] = os.environ, files: Iterable[Path] | None = None) -> Index:
    """Give the index that the user's pip or uv would take; `file:` ones, which are not for us, are passed over."""
    wanted = [environ.get(name, "") for name in VARIABLES]
    wanted += _configured(pip_files(environ) if files is None else files)
    for value in wanted:
        name, _, rest = value.strip().partition("=")
        url = value.strip() if "://" in name else rest  # uv takes `name=https://...` too
        if url.startswith(("http://", "https://")):
            return _parsed(url)
    return Index(DEFAULT, None)


def pip_files(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Give the places of pip's configuration, those that count most first.

    They are those of every system at once: https://pip.pypa.io/en/stable/topics/configuration/
    """
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    home = Path("~").expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    told = environ.get("PIP_CONFIG_FILE")
    folders = [Path(sys.prefix), config / "pip", home / ".pip", home / "Library" / "Application Support" / "pip"]
    folders += [Path(environ.get("APPDATA") or home) / "pip", Path("/etc/xdg/pip"), Path("/etc")]
    return [*([Path(told)] if told else []), *(folder / name for folder in folders)]


def split_credentials(url: str) -> Index:
    """Take `user:password@` out of an address."""
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    if parts.username is None:
        return Index(bare, None)
    return Index(bare, (unquote(parts.username), unquote(parts.password or "")))


def file_url(response: httpx.Response, name: str) -> str:
    """Give the address of the file `name` out of the index's page, without credentials or fragment."""
    kind = response.headers.get("content-type", "")
    try:
        found = dict(_in_json(response.json()) if "json" in kind else _in_html(response.text))
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(f"the answer is not the page of a package index ({error})") from error
    if name not in found:
        raise ValueError(f"{name} is not listed there")
    return split_credentials(urldefrag(urljoin(str(response.url), found[name])).url).url


def _parsed(url: str) -> Index:
    try:
        index = split_credentials(url)
        _origin(index.url)  # for its port
    except ValueError as error:
        raise ConfigurationError(
            f"The package index that pip or uv is set up with has no valid address: see {', '.join(VARIABLES)} "
            "and pip's configuration file"
        ) from error
    return index


def _configured(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeError):  # pip will tell the user when it matters
            continue
        yield parser.get("global", "index-url", fallback="")


def _in_json(page: Any) -> Iterator[tuple[str, str]]:
    for file in page["files"]:
        yield file["filename"], file["url"]


def _in_html(page: str) -> Iterator[tuple[str, str]]:
    links = _Links()
    links.feed(page)
    for href in links.found:
        yield unquote(urlsplit(href).path).rpartition("/")[2], href


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
