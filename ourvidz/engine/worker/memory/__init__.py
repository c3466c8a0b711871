"""Memory: what a run needs, measured and remembered, and the best way to place it that fits. Knows no torch."""
