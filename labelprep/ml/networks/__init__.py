"""Networks, one module each."""
