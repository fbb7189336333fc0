"""JSON Schema from Python's types, and data that is held to it.

`schema_of(hint)` is the schema, `structure(value, hint)` makes an instance of JSON data, `check(value, schema)` holds
data to a schema that was written by hand, `check_schema(schema)` refuses one that is not to be used, and `plain(value)`
is an instance as JSON data again. What does not fit is a `Misfit` with its path.
"""

from duologue._schema.check import check, check_schema
from duologue._schema.describe import Description, described
from duologue._schema.fields import REQUIRED, Field, parameter_hints
from duologue._schema.kinds import Kind, Kinds, object_kind, schema_of, structure
from duologue._schema.misfit import Misfit, bounded
from duologue._schema.plain import plain

__all__ = [
    "REQUIRED",
    "Description",
    "Field",
    "Kind",
    "Kinds",
    "Misfit",
    "bounded",
    "check",
    "check_schema",
    "described",
    "object_kind",
    "parameter_hints",
    "plain",
    "schema_of",
    "structure",
]
