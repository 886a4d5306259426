"""Which image trains, validates and tests."""
