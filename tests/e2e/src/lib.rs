//! Nothing here: the tests are in `tests/`, one file per story, each with real daemons on hosts of its own.
