"""The cluster that the end-to-end tests run on: the testbed's own, kind, or anybody's."""
