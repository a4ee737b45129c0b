# fish completion: click tells what fits, in the caller's language.
_TRAFICO_MONITOR_COMPLETE=fish_source trafico-monitor | source
