"""Where older Keras programs look for single images; `fastconv.utils` has them."""

from fastconv.utils.pictures import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]
