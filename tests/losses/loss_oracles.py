"""Small random problems, and every contrastive loss as its formula reads: loops over documents, labels and pairs.

Vectors are ordered batch, queue, prototypes; a prototype has the label set of its one label.
"""

import math

import torch
from pushpull.losses.kernel import weighted_contrast
from torch.nn import functional as F

TEMPERATURE = 0.1


def problem(batch=6, queue=5, labels=4, width=7, seed=0, single=False):
    """Random unit vectors and label sets in float64; every document has at least one label."""
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(batch + queue + labels, width, dtype=torch.float64, generator=generator), dim=1)
    first = torch.randint(labels, (batch + queue,), generator=generator)
    sets = F.one_hot(first, labels).double()
    if not single:
        sets = ((torch.rand(batch + queue, labels, generator=generator) < 0.4) | sets.bool()).double()
    return vectors, sets


def itself(batch, sets):
    """Where a reference is the anchor, [batch, references] bool."""
    return torch.eye(batch, len(sets), dtype=torch.bool)


def loss(vectors, sets, batch, contrast, prototypes=True, negative_weight=1.0, similarity=None):
    """The loss under test: weights from label sets, then the kernel, mean over the anchors."""
    references = len(sets)
    weights, gain, constant = contrast(sets[:batch], sets, itself(batch, sets), prototypes)
    used = vectors if prototypes else vectors[:references]
    gain[:, :references] += math.log(negative_weight)
    scores = vectors[:batch] @ used.T / TEMPERATURE if similarity is None else similarity(vectors[:batch], used)
    return (weighted_contrast(scores, weights, gain) + constant).sum() / batch


def assert_same_value_and_gradient(vectors, function, loop):
    """Compare value and gradient of two functions of `vectors`, and make sure that neither is zero."""
    one, two = (vectors.clone().requires_grad_() for _ in range(2))
    value, expected = function(one), loop(two)
    value.backward()
    expected.backward()
    assert expected.abs() > 1e-3, "a comparison of zeros proves nothing"
    assert two.grad.abs().max() > 1e-3
    torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-9, atol=1e-9)


def label_sets(sets, prototypes):
    """Label sets of all references as Python sets."""
    found = [frozenset(row.nonzero().flatten().tolist()) for row in sets]
    return found + [frozenset({j}) for j in range(sets.shape[1])] if prototypes else found


def jaccard_of(one, two):
    return len(one & two) / len(one | two) if one | two else 0.0


def dot(vectors, i, k):
    return vectors[i] @ vectors[k] / TEMPERATURE


def log_sum_exp(values):
    return torch.stack(list(values)).exp().sum().log()


def supcon_loop(vectors, sets, batch, prototypes=False, similarity=dot):
    """losses.md 2.1; the class of a document is its label set, and documents without labels are of no class."""
    names, total = label_sets(sets, prototypes), 0.0
    for i in range(batch):
        s = {k: similarity(vectors, i, k) for k in range(len(names)) if k != i}
        positives = [k for k in s if names[k] == names[i] and names[i]]
        if positives:
            total = total - sum(s[k] - log_sum_exp(s.values()) for k in positives) / len(positives)
    return total / batch


def base_loop(vectors, sets, batch, prototypes):
    """losses.md 2.2: Base, and with further references BQueue and BQProto."""
    names, total = label_sets(sets, prototypes), 0.0
    for i in range(batch):
        s = {k: dot(vectors, i, k) for k in range(len(names)) if k != i}
        share = {k: jaccard_of(names[i], names[k]) for k in s}
        if sum(share.values()):
            terms = [share[k] * (s[k] - log_sum_exp(s.values())) for k in s]
            total = total - sum(terms) / sum(share.values())
    return total / batch


def msc_loop(vectors, sets, batch, beta, prototypes=True):
    """losses.md 2.3: equation 3, corrected; label by label and positive by positive."""
    names, texts, total = label_sets(sets, False), len(sets), 0.0
    for i in range(batch):
        others = [k for k in range(texts) if k != i]
        own = range(texts, texts + sets.shape[1]) if prototypes else []
        denominator = sum(beta * dot(vectors, i, k).exp() for k in others) + sum(dot(vectors, i, k).exp() for k in own)
        terms = []
        for j in sorted(names[i]):
            factor = {k: 1 / len(names[i] | names[k]) for k in others if j in names[k]}
            if prototypes:
                factor[texts + j] = 1.0
            if factor:
                logs = [f * (dot(vectors, i, k).exp() / denominator).log() for k, f in factor.items()]
                terms.append(sum(logs) / sum(factor.values()))
        if terms:
            total = total - sum(terms) / len(terms)
    return total / batch


def jscl_loop(vectors, sets, batch, prototypes, weigh=True):
    """losses.md 2.4: JSCL as intended; without `weigh` the plain sum over overlapping pairs."""
    names, total = label_sets(sets, prototypes), 0.0
    for i in range(batch):
        s = {k: dot(vectors, i, k) for k in range(len(names)) if k != i}
        softmax = {k: s[k].exp() / sum(value.exp() for value in s.values()) for k in s}
        for k in s:
            if names[i] & names[k]:
                total = total - ((jaccard_of(names[i], names[k]) if weigh else 1.0) * softmax[k]).log() / batch
    return total / batch


def jscl_released_loop(vectors, sets, batch, prototypes):
    """losses.md 2.4: JSCL's public code without its constant factor."""
    names, total = label_sets(sets, prototypes), 0.0
    for i in range(batch):
        s = {k: dot(vectors, i, k) for k in range(len(names)) if k != i}
        denominator = sum(jaccard_of(names[i], names[k]) * s[k].exp() for k in s)
        if denominator > 0:
            total = total - sum(s[k] - denominator.log() for k in s) / len(s)
    return total / batch


def shared_labels_loop(vectors, sets, batch, prototypes, similarity=dot, most=None):
    """losses.md 3: the contrastive term of kNN-MLTC, averaged over the anchors as ABALONE restates it.

    `most` cuts the number of shared labels: 1 is the ablation without the dynamic coefficient.
    """
    names, total = label_sets(sets, prototypes), 0.0
    for i in range(batch):
        s = {k: similarity(vectors, i, k) for k in range(len(names)) if k != i}
        shared = {k: min(len(names[i] & names[k]), most or len(sets[0])) for k in s}
        if sum(shared.values()):
            terms = [shared[k] / sum(shared.values()) * (s[k] - log_sum_exp(s.values())) for k in s]
            total = total - sum(terms)
    return total / batch


def shared_or_not_loop(vectors, sets, batch, prototypes, similarity=dot):
    """losses.md 3, ablation: every reference that shares a label weighs the same."""
    return shared_labels_loop(vectors, sets, batch, prototypes, similarity, most=1)


def mulcon_loop(vectors, labels, temperature):
    """losses.md 2.4: MulCon, vectors [documents, labels, d]; a loop over the positive pairs (document, label)."""
    pairs = [tuple(pair) for pair in labels.nonzero().tolist()]
    total = 0.0
    for i, j in pairs:
        s = {pair: vectors[i, j] @ vectors[pair] / temperature for pair in pairs if pair != (i, j)}
        positives = [(k, label) for k, label in s if label == j]
        if positives:
            total = total - sum(s[pair] - log_sum_exp(s.values()) for pair in positives) / len(positives)
    return total / len(pairs)
