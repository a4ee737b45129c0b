"""What is wrapped, library by library. Each module is imported when the program imports its library."""
