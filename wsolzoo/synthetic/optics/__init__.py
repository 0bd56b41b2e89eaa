"""A thin lens, layered blur, and folders of defocused pictures made with them."""
