"""All that is decided without waiting: what to send, what the bytes mean, whether to try again and when.

No IO, no clock (times come in as arguments), no `await`: nothing here has a twin.
"""
