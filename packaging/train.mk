# The line model of trafico_monitor/detection/line_model.py. `make train RULES=/etc/trafico-monitor/rules.d` learns from
# an operator's rules as well.
.PHONY: train

.venv/train/.ready: training/requirements.txt .venv/.ready
	/usr/bin/python3 -m venv --system-site-packages .venv/train
	.venv/train/bin/python -m pip install --quiet -r $<
	touch $@

train: .venv/train/.ready ## fit the line model on the labelled lines, and judge it by whole sources
	.venv/train/bin/python -m training.train $(RULES)
