"""Readers of cryo-EM files; `scopecheck.data` offers their functions.

One frame for all: an image is (Y, X) with row 0 the first row the file stores, x is the column and y the row,
pixel centres lie at whole numbers, and a particle is where its centre is.
"""
