"""Tools that are functions: what a model may be told of them, and what is decided about their calls; nothing waits."""
