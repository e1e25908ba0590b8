"""What every test stands on."""

import signal

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all they start:
# the tests of interruptions would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
