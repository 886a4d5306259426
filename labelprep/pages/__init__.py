"""Pages of one file that open anywhere: HTML and SVG out of plain values, no request, light and dark."""
