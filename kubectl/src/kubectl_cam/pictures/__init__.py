"""Cameras' pictures: fetched, laid out, shown in a terminal."""
