"""Answers of a given form: what is sent to get one, and what is made of it.

`plan(request, ...)` finds the first way that the provider and the model take; the `Output` that it gives reads the
answer, while it streams and at the end. Nothing of this is loaded unless a form is asked for.
"""

from duologue._output.plan import Output, again, plan
from duologue._output.text import Growing

__all__ = ["Growing", "Output", "again", "plan"]
