"""From a pile of images, with labels in any form, to one checked label manifest and a trained CNN."""
