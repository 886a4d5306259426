"""Readers and writers of label sources, one module a format."""
