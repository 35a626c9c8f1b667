"""From a file of molecules to batches of ids: tables, cleaning, the token store on disk, batches.

Imports no torch, so that its worker processes start fast.
"""
