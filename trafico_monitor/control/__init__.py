"""What people may ask of the running monitor: decisions (pure) and the processor that carries them out."""
