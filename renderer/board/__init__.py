"""The board: what runs in every environment as web pages, made from values that other packages worked out."""
