"""The engine process: the only part of the app that imports torch, diffusers and transformers."""
