"""Files that any tool made, judged: label images, picks, half maps, and what a structure's files bear out."""
