"""A fleet of machines on PostgreSQL: what a machine sends, and the hub that shows all of them.

psycopg is imported where a connection is made: the package only suggests it.
"""
