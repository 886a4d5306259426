"""From the bytes of an image file to upright pixels: sniffing, decoding, proxies, arrays, workers."""
