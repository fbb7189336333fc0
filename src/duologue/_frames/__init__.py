"""From bytes to frames: `feed(bytes) -> frames` and `close() -> frames`.

No IO, no clock, no knowledge of any provider. What a reader holds back is bounded by `max_bytes`; past that it raises
`LimitExceeded`. Every reader gives the same frames however the bytes are cut, in time linear in their number.
"""
