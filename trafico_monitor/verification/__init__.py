"""Inspection of the actual state. Only a verdict from here makes an incident `solucionado`."""
