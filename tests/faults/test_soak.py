"""`make soak` says what was counted, and fails where a promise is broken."""

from __future__ import annotations

import warnings

import pytest

from tests.faults.row import Figure
from tests.faults.soaking import SEED, Soak
from tests.kit.twins import Twin
from tools.soak import main


def soak(found: int, seeds: list[int] | None = None) -> Soak:
    def do(_: Twin, times: int, seed: int) -> list[Figure]:
        assert times == 7
        (seeds if seeds is not None else []).append(seed)
        return [Figure("things", found, 3)]

    return Soak(what="many things", do=do, many=7, few=7, note="no more than three", twins=("sync",))


@pytest.mark.parametrize(("found", "code", "end"), [(3, 0, "all promises held"), (4, 1, "1 figures are more")])
def test_the_figures(found: int, code: int, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    seeds: list[int] = []
    assert main(["--seed", "5"], [soak(found, seeds)]) == code
    said = capsys.readouterr().out
    assert said.startswith("seed 5\n")
    assert "\nmany things\n" in said
    assert f"{found}  of at most" in said
    assert end in said
    assert seeds == [5]


def test_only_those_with_the_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["other"], [soak(4)]) == 0
    assert "many things" not in capsys.readouterr().out


def test_as_a_row_it_fails_likewise() -> None:
    seeds: list[int] = []
    soak(3, seeds).act().do(Twin("sync"))
    assert seeds == [SEED]
    with pytest.raises(AssertionError, match="things"):
        soak(4).act().do(Twin("sync"))


class Noisy:
    def __del__(self) -> None:
        raise ZeroDivisionError


def test_what_is_complained_about_is_a_figure() -> None:
    def do(*_: object) -> list[Figure]:
        warnings.warn("left open", ResourceWarning, stacklevel=1)
        Noisy()
        return []

    [figure] = Soak(what="noise", do=do, many=1, few=1, note="").run(Twin("sync"), 1, 1)
    assert (figure.found, figure.kept) == (2, False)
    assert "left open" in figure.what
