"""Reference for src/explore: principal components and a Gaussian mixture by scikit-learn, in f64.

    python tests/reference/explore.py > tests/reference/explore.json

Rows are 150 points of 30 numbers, rounded to f32, in three clouds with variances that fall by 0.8 from direction to
direction. Points of the mixture are their first 5 coordinates, rounded to f32, and its start is the M step of the groups
i % 3. `likelihoods[t]` is the mean log-likelihood of a point before step t + 1, `likelihood` that after all steps.
"""

import json
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

N, WIDTH, COMPONENTS, DIMS, STEPS, RIDGE = 150, 30, 8, 5, 40, 1e-4
warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
turn = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0]
clouds = rng.standard_normal((3, WIDTH)) * 0.8 ** np.arange(WIDTH) * 1.5
rows = rng.standard_normal((N, WIDTH)) * 0.8 ** np.arange(WIDTH) + clouds[rng.integers(0, 3, N)]
rows = (rows @ turn + 3).astype(np.float32).astype(np.float64)

pca = PCA(COMPONENTS, svd_solver="full").fit(rows)
points = pca.transform(rows)[:, :DIMS].astype(np.float32).astype(np.float64)

groups = np.arange(N) % 3
weights, means, precisions = [], [], []
for group in range(3):
    own = points[groups == group]
    weights.append(len(own) / N)
    means.append(own.mean(0))
    precisions.append(np.linalg.inv((own - own.mean(0)).T @ (own - own.mean(0)) / len(own) + RIDGE * np.eye(DIMS)))


def mixture(steps):
    return GaussianMixture(
        3, covariance_type="full", reg_covar=RIDGE, tol=0, max_iter=steps, weights_init=weights, means_init=means,
        precisions_init=precisions,
    ).fit(points)


last = mixture(STEPS)
print(json.dumps({
    "origin": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "width": WIDTH,
    "rows": rows.ravel().tolist(),
    "mean": pca.mean_.tolist(),
    "components": pca.components_.ravel().tolist(),
    "variances": pca.explained_variance_.tolist(),
    "explained": pca.explained_variance_ratio_.sum(),
    "dims": DIMS,
    "points": points.ravel().tolist(),
    "ridge": RIDGE,
    "likelihoods": [mixture(t).lower_bound_ for t in range(1, STEPS + 1)],
    "likelihood": last.score(points),
    "weights": last.weights_.tolist(),
    "means": last.means_.ravel().tolist(),
    "covariances": last.covariances_.ravel().tolist(),
}))
