"""The few lines that cannot be written once for both twins: how each of them waits.

Every name comes as a pair; making the blocking twin drops the `async_` or `Async` in front.
"""
