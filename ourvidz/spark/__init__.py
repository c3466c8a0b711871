"""How the embedded Spark image model was made: renderer, captions, training, evaluation and export."""
