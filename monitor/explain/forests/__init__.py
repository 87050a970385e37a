"""Engine tree-compiled: exact path-dependent Shapley values of tree ensembles, by kernels of our own.

The value function is that of TreeSHAP with feature_perturbation="tree_path_dependent" (Lundberg and others 2020, Nature
Machine Intelligence 2): a split on an unknown feature sends a row down both ways, in the shares of the training rows.
How it is computed is told in `kernels`.
"""
