"""What a decoder refuses in words of its own."""


class Refused(Exception):
    """This file cannot be made into what is asked for; the text is shown to people."""
