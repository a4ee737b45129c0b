// What charts have in common: their size, no legend of their own, axes in the colours of the theme.

const size = (place) => ({ width: Math.max(240, place.clientWidth), height: place.clientHeight });

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The options of a chart in `place`, whose axes also have those of `x` and `y`.
export function frame(place, x, y) {
  const both = { stroke: colour("soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  return {
    ...size(place),
    legend: { show: false },
    select: { show: false },
    axes: [
      { ...both, size: 30, grid: { show: false }, ...x },
      { ...both, grid: { stroke: colour("line"), width: 1 }, ...y },
    ],
  };
}

export const fit = (plot) => plot.setSize(size(plot.root.parentElement));
