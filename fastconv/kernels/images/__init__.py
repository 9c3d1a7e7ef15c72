"""Images: augmentation, resampling, resizing, colors."""
