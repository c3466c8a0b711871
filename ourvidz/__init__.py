"""OurVidz: make images and videos with diffusion models on your own GPU."""

__version__ = '0.1.0'
