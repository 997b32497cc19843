"""The command line: one module per noun. Heavy libraries are loaded only by the commands that need them."""
