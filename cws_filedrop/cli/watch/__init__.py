"""`cws-filedrop watch`: the running service at a glance, renewed while one looks."""
