"""What installed packages add, by their entry points.

A package names its things in its `pyproject.toml`, in the groups `duologue.dialects` and `duologue.providers`:
https://packaging.python.org/en/latest/specifications/entry-points/. Nothing of it is imported before somebody asks for
that very name.
"""

from __future__ import annotations

from typing import Any

from duologue.errors import ConfigurationError


def load_plugin(group: str, name: str) -> tuple[str, Any] | None:
    """Where the thing of that name is, and the thing; None where no package has one.

    Raises:
        ConfigurationError: it cannot be imported.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=group, name=name):
        try:
            return entry.value, entry.load()
        except (ImportError, AttributeError) as reason:
            raise ConfigurationError(
                f"{entry.value}, which an installed package names, is not there: {reason}"
            ) from reason
    return None


def plugin_names(group: str) -> set[str]:
    """What there is in a group."""
    from importlib.metadata import entry_points

    return entry_points(group=group).names
