"""`python -m tests.record`: record the cassettes. The rows are in `cases`."""
