"""Bytes from nowhere against every door: hypothesis in `make check`, atheris in `make fuzz`."""
