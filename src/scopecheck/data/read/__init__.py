"""Files in, arrays and tables out, by path, whichever program wrote them; `scopecheck.data` offers these.

One frame for picks and particles: an image is (Y, X) with row 0 the first row the file stores, x is the
column and y the row, pixel centres lie at whole numbers, and a particle is where its centre is.
"""
