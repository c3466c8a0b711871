"""How the embedded Spark models (image, clip, text) were made: renderer, captions, training, evaluation and export."""
