"""Pictures and their truth from a seed: NumPy and OpenCV only, no framework and no data set."""
