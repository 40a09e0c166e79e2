"""The study of the example `flights`, done by numpy: prints the scores as JSON.

It shares nothing with the example but the tables and the definitions: every model is fitted to its own rows by the normal
equations, and scored by its residuals.

    python flights_numpy.py FLIGHTS.csv.xz WEATHER.csv.xz
"""
import csv
import json
import lzma
import sys

import numpy as np

MEASUREMENTS = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
SETS = {
    "schedule": {"schedule"},
    "schedule + weather": {"schedule", "weather"},
    "schedule + departure": {"schedule", "departure"},
    "schedule + weather + departure": {"schedule", "weather", "departure"},
}
PENALTIES = [0.1, 10.0, 1e3, 1e4, 1e5, 1e6]
FOLDS = 5


def table(path):
    with lzma.open(path, "rt") as file:
        rows = list(csv.reader(file))
    return {name: np.array(column) for name, column in zip(rows[0], zip(*rows[1:]))}


def numbers(column):
    return np.where(column == "NA", "nan", column).astype(float)


def main(flights_path, weather_path):
    flights, weather = table(flights_path), table(weather_path)
    hours = {
        key: row
        for row, key in enumerate(zip(weather["origin"], *(weather[c].astype(int) for c in ("month", "day", "hour"))))
    }
    month, day = flights["month"].astype(int), flights["day"].astype(int)
    time = flights["sched_dep_time"].astype(int)
    arr_delay, dep_delay = numbers(flights["arr_delay"]), numbers(flights["dep_delay"])
    matched = np.array([hours.get(key, -1) for key in zip(flights["origin"], month, day, time // 100)])
    keep = (matched >= 0) & ~np.isnan(arr_delay) & ~np.isnan(dep_delay)

    columns, groups = [], []

    def add(group, values):
        columns.append(np.asarray(values, dtype=float))
        groups.append(group)

    before = np.concatenate([[0], np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])])
    day_of_year = (before[month - 1] + day - 1)[keep]
    hour = (time // 100 + time % 100 / 60)[keep]
    for harmonic in (1, 2):
        season, clock = 2 * np.pi * harmonic * day_of_year / 365, 2 * np.pi * harmonic * hour / 24
        for values in (np.cos(season), np.sin(season), np.cos(clock), np.sin(clock)):
            add("schedule", values)
    for weekday in range(1, 7):
        add("schedule", day_of_year % 7 == weekday)
    for name in ("carrier", "origin"):
        for value in np.unique(flights[name])[1:]:
            add("schedule", flights[name][keep] == value)
    add("schedule", flights["distance"].astype(float)[keep])
    for name in MEASUREMENTS:
        values = numbers(weather[name])[matched[keep]]
        add("weather", np.where(np.isnan(values), np.nanmean(values), values))
    add("departure", dep_delay[keep])

    x = np.stack(columns, axis=1)
    deviation = x.std(axis=0)
    x = np.divide(x - x.mean(axis=0), deviation, out=np.zeros_like(x), where=deviation > 0)
    x = x.astype(np.float32).astype(float)  # the study keeps its features in single precision
    y = arr_delay[keep]
    fold_of = np.arange(len(y)) % FOLDS

    scores = []
    for name, chosen in SETS.items():
        xs = x[:, [group in chosen for group in groups]]
        results = np.zeros((len(PENALTIES), FOLDS, 2))
        for fold in range(FOLDS):
            train, test = fold_of != fold, fold_of == fold
            mean_x, mean_y = xs[train].mean(axis=0), y[train].mean()
            centred = xs[train] - mean_x
            gram, right = centred.T @ centred, centred.T @ (y[train] - mean_y)
            for p, penalty in enumerate(PENALTIES):
                coefficients = np.linalg.solve(gram + penalty * np.eye(len(gram)), right)
                residuals = y[test] - mean_y - (xs[test] - mean_x) @ coefficients
                squared = residuals @ residuals
                around_mean = ((y[test] - y[test].mean()) ** 2).sum()
                results[p, fold] = np.sqrt(squared / test.sum()), 1 - squared / around_mean
        for penalty, result in zip(PENALTIES, results.mean(axis=1)):
            scores.append({"features": name, "penalty": penalty, "rmse": result[0], "r2": result[1]})
    print(json.dumps({"flights": len(month), "departures": len(y), "scores": scores}))


if __name__ == "__main__":
    main(*sys.argv[1:])
