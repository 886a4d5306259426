"""Feeding, training, evaluating and using networks; the only user of TensorFlow and Keras."""
