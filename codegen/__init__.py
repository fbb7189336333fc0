"""The schema compiler: `spec/` and `_async/` in; models, events, tables, schema, reference pages and the twin out.

Takes the repository's root, gives the text of every generated file (`tree.generate`), raises `SpecError` where a
source breaks the rules. Imports nothing of `src/`. Run it with `python -m codegen`, or with `--check` to compare.
"""
