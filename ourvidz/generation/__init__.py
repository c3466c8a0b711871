"""What shall exist: requests, their queue and the loop that fulfils them."""
