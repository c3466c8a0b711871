"""OurVidz: make images and videos with diffusion models on your own GPU."""
