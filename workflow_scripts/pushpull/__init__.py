"""Push-Pull: reproducible contrastive learning for text classification.

Rooms, each knowing only those below it: paper, evaluation, training, losses, encoders, data.
"""
