"""Images: augmentation, resampling, resizing, colours."""
