"""Durations as text: those of ISO 8601, as JSON Schema's format `duration` has them (RFC 3339, appendix A).

Years and months have no length of their own and are not taken. Read as leniently as models write: weeks beside days,
and fractions anywhere.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

# Seconds, by the letter behind the number.
_UNITS: Final = {"W": 604_800, "D": 86_400, "H": 3600, "M": 60, "S": 1}
# More digits than any `timedelta` has.
_NUMBER: Final = r"(?:([0-9]{1,20}(?:[.,][0-9]{1,20})?)%s)?"
_DATE, _TIME = ("".join(_NUMBER % unit for unit in units) for units in ("WD", "HMS"))
_DURATION: Final = re.compile(rf"([+-]?)P(?=[0-9T]){_DATE}(?:T(?=[0-9]){_TIME})?")
_MICROSECOND: Final = timedelta(microseconds=1)


def read_duration(text: str) -> timedelta:
    """What a duration such as `P1DT2H30M` says.

    Raises:
        ValueError: it is none, or longer than a `timedelta` can be.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("it is no duration")
    sign, *numbers = found.groups(default="0")
    seconds = sum(
        Decimal(number.replace(",", ".")) * unit for number, unit in zip(numbers, _UNITS.values(), strict=True)
    )
    try:
        return round(seconds * 1_000_000) * (-_MICROSECOND if sign == "-" else _MICROSECOND)
    except OverflowError:
        raise ValueError("it is too long") from None


def written_duration(duration: timedelta) -> str:
    """A duration as text."""
    left, sign = abs(duration), "-" if duration < timedelta() else ""
    hours, rest = divmod(left.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{left.microseconds:06}".rstrip("0").rstrip(".")
    time = _parts((hours, "H"), (minutes, "M"), (f"{seconds}{fraction}" if seconds or fraction else 0, "S"))
    days = _parts((left.days, "D"))
    return f"{sign}P{days}T{time}" if time else f"{sign}P{days or 'T0S'}"


def _parts(*parts: tuple[int | str, str]) -> str:
    return "".join(f"{number}{unit}" for number, unit in parts if number)
