"""Looks at what is really there. Only a verdict from here makes an incident `solucionado`."""
