"""What a decoder costs by itself, without a network: `make bench-micro`."""
