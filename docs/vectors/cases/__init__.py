"""The cases that the vectors are made of, one module for each file of them."""
