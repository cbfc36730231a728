"""Values -> text for people and machines: each function returns a str; printing is the commands' business."""
