"""Text encoders and the small heads on top of them."""
