"""Repeatable measurements, each printing ratios against a named reference."""
