"""The small package that the chapters import: one flat module for each thing a reader looks for."""
