"""Fits estimators of scikit-learn and writes, for each, the estimator with samples and what it makes of them.

    python tests/python/pickle_estimators.py FOLDER
"""

import sys
import warnings

import joblib
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostRegressor,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import BayesianRidge, Lasso, LinearRegression, LogisticRegression, PoissonRegressor, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

warnings.simplefilter("ignore")
random = np.random.default_rng(7)
x = random.normal(size=(80, 4))
y = x @ [1.0, -2.0, 0.5, 0.0] + np.sin(3 * x[:, 0]) + 0.1 * random.normal(size=80)
kinds = np.digitize(y, [-1.0, 1.0]) * 10
two = np.where(y > 0, 7, -7)
counts = random.poisson(3, size=(80, 4)).astype(float)
new = random.normal(size=(25, 4))


def case(name, estimator, samples, result):
    result = np.asarray(result, dtype=float).reshape(len(samples), -1)
    joblib.dump({"model": estimator, "samples": samples, "result": result}, f"{sys.argv[1]}/{name}.joblib")


def regression(name, estimator, target=y):
    case(name, estimator.fit(x, target), new, estimator.predict(new))


def classification(name, estimator, target=kinds):
    regression(name, estimator, target)


def probabilities(name, estimator, train=x, samples=new):
    case(name, estimator.fit(train, kinds), samples, estimator.predict_proba(samples))


regression("linear", LinearRegression())
regression("ridge", Ridge(alpha=0.7))
regression("lasso", Lasso(alpha=0.05))
regression("bayesian_ridge", BayesianRidge())
regression("poisson", PoissonRegressor(), np.abs(np.round(y)))
probabilities("logistic", LogisticRegression())
classification("sgd", SGDClassifier(random_state=0), two)
classification("linear_discriminant", LinearDiscriminantAnalysis())
probabilities("quadratic_discriminant", QuadraticDiscriminantAnalysis())
probabilities("gaussian_bayes", GaussianNB())
probabilities("multinomial_bayes", MultinomialNB(), counts, counts[:20])
classification("k_means", KMeans(3, n_init=2, random_state=0))
classification("nearest_centroid", NearestCentroid())
classification("nearest_classes", KNeighborsClassifier(3))
regression("nearest_values", KNeighborsRegressor(4, weights="distance"))
classification("svc", SVC(), two)
regression("svr", SVR(gamma=0.3))
regression("kernel_ridge", KernelRidge(kernel="rbf", gamma=0.2, alpha=0.1))
regression("gaussian_process", GaussianProcessRegressor(RBF(1.5, "fixed"), alpha=1e-2, normalize_y=True))
classification("tree", DecisionTreeClassifier(max_depth=4, random_state=0))
probabilities("forest", RandomForestClassifier(7, max_depth=4, random_state=0))
regression("extra_trees", ExtraTreesRegressor(7, random_state=0))
regression("gradient_boosting", GradientBoostingRegressor(n_estimators=15, random_state=0))
regression("histogram_boosting", HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5))
regression("ada_boost", AdaBoostRegressor(n_estimators=9, random_state=0))
regression("perceptron", MLPRegressor(hidden_layer_sizes=(6, 5), activation="tanh", max_iter=200, random_state=0))
probabilities("perceptron_classes", MLPClassifier(hidden_layer_sizes=(7,), max_iter=200, random_state=0))
pca = PCA(2).fit(x)
case("principal_components", pca, new, pca.transform(new))
isotonic = IsotonicRegression(out_of_bounds="clip").fit(x[:, 0], y)
case("isotonic", isotonic, new[:, :1], isotonic.predict(new[:, 0]))
pipeline = make_pipeline(StandardScaler(), PCA(3), Ridge()).fit(x, y)
case("pipeline", pipeline, new, pipeline.predict(new))
texts = ["the cat sat on the mat", "the dog ate the cat", "a mat for the dog", "cat cat dog"]
words = TfidfVectorizer().fit(texts)
case("words", words, texts, words.transform(texts).toarray())
table = np.array([["red", 3], ["green", 1], ["red", 2]], dtype=object)
encoder = OneHotEncoder().fit(table)
case("one_hot", encoder, table, encoder.transform(table).toarray())
