"""The exceptions a user can meet; each message names the file, the fault, what was expected, what to do."""


class InputError(ValueError):
    """An image, a label image or a parameter cannot be used as given."""


class DataError(RuntimeError):
    """A catalogue entry, a download or a checksum is wrong, or no source could be reached."""


class RecipeError(RuntimeError):
    """A recipe is malformed, did not run to its end, or one of its controls gave the wrong word."""
