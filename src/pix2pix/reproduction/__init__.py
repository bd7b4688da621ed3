"""`pix2pix reproduce`: the tables of the paper trained and scored anew, and one page about them."""

TABLES = ("losses", "generators", "fields", "colour", "photo2labels")
