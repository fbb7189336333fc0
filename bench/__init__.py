"""What an event costs, side by side with plain httpx: `make bench`."""
