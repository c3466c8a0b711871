"""Observable state between the library, the loop and the page."""
