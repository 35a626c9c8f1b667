from molvae.training.early_stopping import EarlyStopping


def after(losses, patience, *, after_warmup=True):
    stopping = EarlyStopping(patience)
    for loss in losses:
        stopping = stopping.update(loss, after_warmup=after_warmup)
    return stopping


def test_slow_steady_progress_counts_as_improvement():
    # Half of the smallest improvement each: every other validation is one.
    assert not after([100.0 * 0.9995**step for step in range(500)], patience=4).is_exhausted
    assert after([100.0 * 0.99999**step for step in range(500)], patience=4).is_exhausted


def test_patience_is_exhausted_after_that_many_validations_without_improvement():
    losses = [5.0, 6.0, 7.0]
    assert after(losses, patience=2).is_exhausted
    assert not after(losses, patience=3).is_exhausted
    assert not after([*losses, 4.0], patience=2).is_exhausted


def test_a_patience_of_0_never_ends_a_training():
    assert not after([1.0] * 100, patience=0).is_exhausted


def test_the_best_loss_is_the_lowest():
    stopping = after([5.0, 4.0, 4.5], patience=1)
    assert stopping.best_loss == 4.0
    assert stopping.is_best(3.9999, after_warmup=True)
    assert not stopping.is_best(4.0, after_warmup=True)


def test_during_the_warmup_later_weights_are_better_whatever_their_loss():
    stopping = after([4.0, 5.0, 6.0], patience=1, after_warmup=False)
    assert (stopping.best_loss, stopping.bad_validations) == (6.0, 0)
    assert stopping.is_best(7.0, after_warmup=False)


def test_more_time_does_not_give_up_the_best_weights():
    stopping = after([4.0], patience=3)
    # As a share of a longer training, a resumed one is in the warm-up again.
    assert not stopping.is_best(5.0, after_warmup=False)
    stopping = stopping.update(5.0, after_warmup=False)
    assert (stopping.best_loss, stopping.bad_validations) == (4.0, 1)
    assert stopping.best_is_after_warmup
