"""Networks, one module each: ``logits(pictures, recipe, classes)`` and the smallest side it takes."""
