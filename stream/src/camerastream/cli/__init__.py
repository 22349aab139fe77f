"""The command line: `camerastream run`, `camerastream watch`."""
