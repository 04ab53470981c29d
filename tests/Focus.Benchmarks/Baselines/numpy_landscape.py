"""A plain NumPy loop over the narrowing valley, one run at a time: answers {"steps": N} with the seconds one step of FOCUS takes."""

import json
import sys
import time

import numpy as np

A, C, SIGMA, ANGLE = 10.0, 0.1, 1.5, np.pi / 6
BETA1, BETA2, GAMMA, RATE, DECAY = 0.9, 0.9, 0.2, 0.01, 0.1


def run(steps, rng):
    rotation = np.array([[np.cos(ANGLE), np.sin(ANGLE)], [-np.sin(ANGLE), np.cos(ANGLE)]])
    p = rng.normal(0, 1e-4, 2)
    m, average = np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        u, v = rotation @ p
        g = rotation.T @ np.array([A * u * v**2 - C, A * u**2 * v]) * rng.normal(1, SIGMA, 2)
        m = BETA1 * m + (1 - BETA1) * g
        average = BETA2 * average + (1 - BETA2) * p
        p = p - RATE * (np.sign(m) + GAMMA * np.sign(p - average / (1 - BETA2**t)) + DECAY * p)
    return p


for line in sys.stdin:
    steps = json.loads(line)["steps"]
    start = time.perf_counter()
    run(steps, np.random.default_rng(1))
    print(json.dumps({"value": (time.perf_counter() - start) / steps}), flush=True)
