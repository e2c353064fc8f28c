"""Positions in which the value of every move is known: files of them, and what reads them."""
