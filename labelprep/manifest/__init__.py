"""The label manifest: one SQLite file with images, statements, classes and a journal."""
