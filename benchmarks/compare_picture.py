"""Draw the first picture of README: what each detector reaches on each data set of a comparison, side by side.

    make compare
    python benchmarks/compare_picture.py results/RUN docs/figures/compare.png

In go summary.csv and scores.csv of a run; out comes one panel a data set. The detectors stand in the order of the first
data set, so that a bar can be compared with the one beside it. No mean is taken over two data sets.
"""

import argparse
from pathlib import Path

from pianolab import plots
from pianolab.compare import read_table
from pianolab.compare.tables import RANKED_BY, labels


def of_run(folder):
    """Means of onset F1 over all recordings of a data set, and the score of each recording, at the first protocol."""
    summary, scores = (read_table(folder / name) for name in ("summary.csv", "scores.csv"))
    protocol = summary.protocol.iloc[0]
    means = summary.loc[(summary.kind == "all") & (summary.metric == RANKED_BY) & (summary.protocol == protocol)]
    each = scores.loc[(scores.status == "ok") & (scores.metric == RANKED_BY) & (scores.protocol == protocol)]
    means, each = (table.assign(name=labels(table)) for table in (means, each))
    return means, each


def draw(folder, path):
    """One panel a data set."""
    means, each = of_run(folder)
    datasets = list(means.dataset.unique())
    names = list(means.loc[means.dataset == datasets[0]].sort_values("mean", ascending=False).name)
    fig, axes = plots.figure(9, 1.2 + 0.42 * len(names), ncols=len(datasets), sharey=True, squeeze=False)
    for ax, dataset in zip(axes[0], datasets, strict=True):
        mine = means.loc[means.dataset == dataset].set_index("name").loc[names]
        own = each.loc[each.dataset == dataset]
        spread = [own.loc[own.name == name, "value"].to_numpy() for name in names]
        plots.ranked_bars(ax, names, mine["mean"], low=mine.low, high=mine.high, spread=spread)
        ax.set_title(f"{dataset}: {mine.source.iloc[0]} ({mine.n.iloc[0]})")
    plots.save(fig, path)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a comparison")
    parser.add_argument("png", type=Path, help="the picture to write")
    given = parser.parse_args()
    draw(given.run, given.png)


if __name__ == "__main__":
    main()
