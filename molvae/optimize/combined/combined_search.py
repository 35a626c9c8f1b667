"""CombinedSearch: candidates of many sources, a surrogate that chooses, decoders that follow.

Candidates come from the latent space round what is good (near its codes, between them, rewritten,
and fresh from the prior), from graph edits, symbol edits and a file, as far as they are switched
on. A Gaussian process on fingerprints says which of them deserve a call. What was found is what
the decoders are retrained on, so that the space recentres on it. The ingredients: weighted
retraining (Tripp et al. 2020), Tanimoto processes over molecules (Griffiths et al. 2023), genetic
sampling of parents (Mol GA, Tripp & Hernandez-Lobato 2023).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from molvae.chem.drafts import counted, draft_or_error, draft_smiles, draft_spellings
from molvae.chem.molecule import Molecule
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError
from molvae.model.prior import PushForwardPrior
from molvae.model.threads import one_thread
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.decoding_radius import decoding_radius
from molvae.optimize.combined.likelihood_filter import LikelihoodFilter
from molvae.optimize.combined.population import Population, restored_population
from molvae.optimize.combined.ranking import Ranking
from molvae.optimize.combined.retraining import Coded, Retrainer
from molvae.optimize.combined.sources import Codes, Idea, Origin, Parent, Source, Sources
from molvae.optimize.combined.surrogate import believing_picks
from molvae.optimize.constraints import ConstraintsConfig, HardConstraints, Violation
from molvae.optimize.state import State, generator_state, restored_generator
from molvae.optimize.strategy import Proposal
from molvae.parallel import available_cores

_PARENTS = 32
"""Candidates from which those of the next generation descend."""
_DESCENDING = 0.75
"""Share of the later generations' parents that are such; the others are scored already."""
_FLOOR = 0.05
"""Least share of the candidates that a source makes."""
_FORGETS = 0.97
"""What is left, after a round, of what is remembered of the sources' candidates."""
_BEGUN_WITH = 100.0
"""Candidates, one of them a success, that a source has for a record before it has any."""
_FRESH = 2
"""How many times smaller its rounds may be after a fresh start than they were before it."""
_JOINT = 4
"""Candidates that are looked at jointly for each that is picked."""
_KNOWN = 100
"""Molecules known for each further generation that the surrogate is trusted with."""
_REHEARSAL = 8
"""Updates' worth of molecules that are rehearsed, the same all through."""


class CombinedSearch:
    """The default method: a strategy on molecules and their codes."""

    def __init__(
        self,
        model: MoleculeVAE,
        config: CombinedConfig,
        seed: int,
        leads: Sequence[Molecule] = (),
        pool: Sequence[str] = (),
        constraints: ConstraintsConfig | None = None,
        lead_scale: float = 1.0,
    ) -> None:
        self._config = config
        self._generator = np.random.default_rng(seed)
        self._leads = [lead.smiles for lead in leads]
        self._lead_scale = lead_scale
        self._cleaning = _cleaning_beside(config.cleaning, self._leads)
        self._admission = HardConstraints.of(constraints or ConstraintsConfig(guardrails=False))
        _check_leads(leads, self._cleaning, self._admission)
        self._least_similarity = constraints.min_similarity if constraints else 0.0
        self._workers = config.workers or available_cores()
        self._retrainer = Retrainer(model, config.retraining, self._workers)
        self._codes = Codes(self._retrainer.model, self._workers)
        self._reach = decoding_radius(model)
        few = self._generator.permutation(len(pool))[: config.pool_size]
        self._sources = Sources(
            self._retrainer.writer,
            self._codes,
            self._cleaning,
            [pool[place] for place in few],
            self._workers,
        )
        self._rehearsal: list[Coded] = []
        self._bound: LikelihoodFilter | None = None
        self._given = model
        self._population = Population()
        self._made = dict.fromkeys(config.sources, 0.0)
        self._risen = dict.fromkeys(config.sources, 0.0)
        self._retrained_at = 0
        self._pending: dict[str, Idea] = {}
        self._left_out: Counter[Violation] = Counter()

    @one_thread()
    def propose(self, n: int) -> list[Proposal]:
        self._left_out.clear()
        lacking = self._config.start - self._population.size
        picked = self._beginning(min(n, lacking)) if lacking > 0 else []
        if not picked and len(self._population) and not self._population.size:
            # There is nowhere else to begin.
            self._population.turn()
        # A model that makes up nothing of use leaves the beginning short.
        if not picked and self._population.size:
            picked = self._promising(min(n, self._batch_size()))
        molecules = [Molecule.parse(idea.draft.smiles) for idea in picked]
        self._pending = {
            molecule.smiles: idea for molecule, idea in zip(molecules, picked, strict=True)
        }
        return [
            Proposal(molecule, idea.origin.z, idea.origin.source)
            for molecule, idea in zip(molecules, picked, strict=True)
        ]

    def left_out(self) -> Mapping[Violation, int]:
        return Counter(self._left_out)

    @one_thread()
    def learn(
        self, proposals: Sequence[Proposal], scores: Float64[np.ndarray, " proposal"]
    ) -> None:
        for proposal, score in zip(proposals, scores.tolist(), strict=True):
            idea = self._pending.get(proposal.molecule.smiles) if proposal.molecule else None
            if idea is None or idea.draft.smiles in self._population:
                continue
            rises = self._population.add(idea.draft, score, idea.origin.parent)
            if rises and self._population.size > self._config.start:
                self._risen[idea.origin.source] += 1.0
        for counts in (self._made, self._risen):
            counts.update({source: _FORGETS * one for source, one in counts.items()})
        self._follow()
        self._codes.forget()

    def rescore(self, scores: Mapping[str, float]) -> None:
        """Other scores of molecules that were scored, as where goals are weighed anew."""
        self._population.rescore(scores)

    def state(self) -> State:
        values = {
            "generator": generator_state(self._generator),
            "population": self._population.values(),
            "made": {str(source): one for source, one in self._made.items()},
            "risen": {str(source): one for source, one in self._risen.items()},
            "retrained_at": self._retrained_at,
        }
        return State(values, self._retrainer.weights() if self._retrained_at else {})

    def restore(self, state: State) -> None:
        values = state.values
        self._generator = restored_generator(values["generator"])
        known = [counted(Molecule.parse(one)) for one in values["population"]["smiles"]]
        self._population = restored_population(values["population"], known)
        self._made = {Source(name): one for name, one in values["made"].items()}
        self._risen = {Source(name): one for name, one in values["risen"].items()}
        self._retrained_at = values["retrained_at"]
        self._bound = None
        if state.arrays:
            self._retrainer.restore(dict(state.arrays))
        else:
            self._retrainer.reset()

    def _batch_size(self) -> int:
        """Small while little is known; after a fresh start not quite as small as at first."""
        total = self._config.batch_size(len(self._population))
        return max(self._config.batch_size(self._population.size), total // _FRESH)

    def _beginning(self, n: int) -> list[Idea]:
        """Molecules to know something of: leads and what lies round them, or pool and prior."""
        if self._leads:
            drafts = draft_smiles(self._leads, self._cleaning)
            leads = [Idea(draft, Origin(Source.POOL)) for draft in drafts if draft]
            wanted = {Source.NEIGHBORS: 8 * n, Source.REWRITES: 2 * n}
        else:
            leads = self._sources.pooled((n + 1) // 2, self._generator)
            wanted = {Source.PRIOR: 2 * n}
        found = self._fresh(wanted, self._round_leads)
        chosen = self._generator.permutation(len(found))
        new = [idea for idea in leads if idea.draft.smiles not in self._population]
        return self._admitted([*new, *(found[place] for place in chosen)], n)

    def _round_leads(self, n: int) -> list[Parent]:
        chosen: list[int] = self._generator.integers(max(len(self._leads), 1), size=n).tolist()
        nearest, furthest = 0.5 * self._lead_scale, 3.0 * self._lead_scale
        return [self._parent(self._leads[at], nearest, furthest) for at in chosen if self._leads]

    def _parent(self, smiles: str, nearest: float, furthest: float) -> Parent:
        """A molecule to look for others near, at a distance drawn between two, in reaches."""
        scale = float(self._generator.uniform(nearest, furthest))
        return Parent(smiles, self._reach * scale)

    def _promising(self, n: int) -> list[Idea]:
        """The candidates of a few generations of which the surrogate expects the most."""
        config, generator = self._config, self._generator
        if not config.surrogate:
            found = self._fresh(self._shares(n * 2), self._round_best)
            shuffled = [found[place] for place in generator.permutation(len(found))]
            return self._admitted(shuffled, n, self._prior_bound())
        surrogate = self._population.surrogate(config.surrogate_size, generator)
        beta = float(10.0 ** generator.uniform(-2.0, 0.0))
        listed = Ranking(surrogate, beta)
        if Source.POOL in config.sources:
            listed.add(self._new(self._sources.pooled(config.pool_ranked, generator)))
        for generation in range(config.generations):
            breed = self._round_promising(listed) if generation else self._round_best
            wanted = self._shares(config.children)
            # The prior's draws have no parents, and many take it hardly longer than few.
            fresh = 0 if generation else wanted.get(Source.PRIOR, 0) * config.generations
            found = self._fresh({**wanted, Source.PRIOR: fresh}, breed, listed)
            for idea in found:
                self._made[idea.origin.source] += 1.0
            listed.add(found)
        for _ in range(self._further()):
            breed = self._round_promising(listed)
            listed.add(self._fresh({Source.GRAPH: config.children}, breed, listed))
        ideas = self._admitted(listed.best(len(listed)), _JOINT * n, self._prior_bound())
        if not ideas:
            return []
        expected = surrogate.expect([idea.draft.features for idea in ideas], jointly=True)
        return [ideas[place] for place in believing_picks(expected, beta, n)]

    def _further(self) -> int:
        """None in half of the rounds, and few while few molecules are known.

        What lies at the end of a long way is often an error of the surrogate.
        """
        most = min(self._config.evolved, self._population.size // _KNOWN)
        further = int(self._generator.integers(-most, most + 1))
        return max(further, 0) if Source.GRAPH in self._config.sources else 0

    def _round_best(self, n: int) -> list[Parent]:
        chosen = self._population.parents(n, self._generator)
        scales = [self._reach * self._population.scale(smiles) for smiles in chosen]
        return [Parent(*one) for one in zip(chosen, scales, strict=True)]

    def _round_promising(self, listed: Ranking) -> Callable[[int], list[Parent]]:
        """Parents among the candidates, and now and then among the scored."""
        ranked = listed.best(_PARENTS)

        def breed(n: int) -> list[Parent]:
            parents = self._round_best(n)
            for at in range(n if ranked else 0):
                # All of them where nothing has a score.
                if at >= len(parents) or self._generator.random() < _DESCENDING:
                    idea = ranked[self._generator.integers(len(ranked))]
                    parents[at : at + 1] = [self._parent(idea.draft.smiles, 0.5, 2.0)]
            return parents

        return breed

    def _fresh(
        self,
        wanted: Mapping[Source, int],
        breed: Callable[[int], list[Parent]],
        besides: Ranking | None = None,
    ) -> list[Idea]:
        """Candidates that are new and like the lead, a molecule once."""
        return self._new(self._sources.ideas(wanted, breed, self._generator), besides)

    def _new(self, ideas: Iterable[Idea], besides: Ranking | None = None) -> list[Idea]:
        found: dict[str, Idea] = {}
        for idea in ideas:
            smiles = idea.draft.smiles
            if smiles not in self._population and not (besides and smiles in besides):
                found.setdefault(smiles, idea)
        if not self._least_similarity or not found:
            return list(found.values())
        # Here already, as children of what is too unlike the lead are mostly so too.
        alike = self._admission.similarities([Molecule.parse(smiles) for smiles in found])
        near = alike >= self._least_similarity
        self._left_out[Violation.UNLIKE_LEAD] += int((~near).sum())
        return [idea for idea, is_near in zip(found.values(), near, strict=True) if is_near]

    def _admitted(
        self, ideas: Sequence[Idea], n: int, bound: LikelihoodFilter | None = None
    ) -> list[Idea]:
        """The first `n` that may be scored; to judge all would take seconds."""
        found: list[Idea] = []
        for begin in range(0, len(ideas), n):
            part = ideas[begin : begin + n]
            objections = self._admission.judge([Molecule.parse(one.draft.smiles) for one in part])
            likely = self._likely(part, bound) if bound else [True] * len(part)
            reasons = [
                why or (None if is_likely else Violation.IMPROBABLE)
                for why, is_likely in zip(objections, likely, strict=True)
            ]
            self._left_out.update(why for why in reasons if why)
            found += [one for one, why in zip(part, reasons, strict=True) if why is None]
            if len(found) >= n:
                break
        return found[:n]

    def _likely(self, ideas: Sequence[Idea], bound: LikelihoodFilter) -> list[bool]:
        selfies_rows = self._codes.selfies_rows([one.draft.smiles for one in ideas])
        admitted: list[bool] = bound.admits(selfies_rows).tolist()
        return admitted

    def _prior_bound(self) -> LikelihoodFilter | None:
        """By the prior as it was given; None where nothing is too improbable."""
        deviations = self._config.improbable
        if not deviations or not isinstance(self._given.prior, PushForwardPrior):
            return None
        if self._bound is not None:
            return self._bound
        began_with = self._population.drafts[: self._config.start]
        selfies_rows = self._codes.selfies_rows([draft.smiles for draft in began_with])
        usual = [one for one in selfies_rows if one]
        bound = LikelihoodFilter(self._given, usual, deviations) if usual else None
        # While the beginning is short, it may still grow.
        self._bound = bound if len(began_with) == self._config.start else None
        return bound

    def _shares(self, n: int) -> dict[Source, int]:
        """How many candidates of each source, by how many of its earlier ones were a success."""
        sources = [one for one in self._made if one != Source.POOL]
        if not sources:
            return {}
        rates = np.array([self._rate(one) for one in sources])
        shares = _FLOOR + (1.0 - _FLOOR * len(sources)) * rates / rates.sum()
        counts = Counter(self._generator.choice(len(sources), n, p=shares / shares.sum()).tolist())
        return {sources[place]: count for place, count in sorted(counts.items())}

    def _rate(self, source: Source) -> float:
        """Share of a source's candidates that rose to the ten best; as if it began with one."""
        return (1.0 + self._risen[source]) / (_BEGUN_WITH + self._made[source])

    def _follow(self) -> None:
        """Retrain the decoders when there is enough that is new, or put them back and turn."""
        config, population = self._config, self._population
        calls = len(population)
        if config.stagnation and population.has_stalled(config.stagnation):
            self._retrainer.reset()
            population.turn()
            self._retrained_at = calls
            return
        pause = max(config.retraining.every, 2 * config.batch_size(calls))
        is_due = population.size >= config.start and calls - self._retrained_at >= pause
        if not is_due or not config.retraining.updates:
            return
        self._retrained_at = calls
        elites = [one for one in self._codes.of(population.best(config.retraining.elites)) if one]
        if elites:
            self._retrainer.retrain(elites, self._remembered(), self._generator)

    def _remembered(self) -> list[Coded]:
        """Molecules that the model made up before it was retrained, the same each time."""
        config = self._config.retraining
        if not self._rehearsal and config.rehearsed:
            selfies_rows = self._retrainer.made_up(_REHEARSAL * config.rehearsed)
            drafts = draft_spellings(selfies_rows, self._cleaning)
            # Not among the codes of this round: a resumed search begins another round with them.
            coded = Codes(self._given).of([draft.smiles for draft in drafts if draft])
            self._rehearsal = [one for one in coded if one]
        return self._rehearsal


def _check_leads(
    leads: Sequence[Molecule], cleaning: StandardizeConfig, constraints: HardConstraints
) -> None:
    """See that the search can take up each lead.

    Raises:
        MoleculeError: it has several parts, is refused by the cleaning, or loses with its stereo
            descriptors what is to be kept.
    """
    for lead in leads:
        try:
            flat = draft_or_error(lead.smiles, cleaning)
        except MoleculeError as error:
            raise MoleculeError(
                "a lead that cannot be searched round", f"{lead.smiles} ({error})"
            ) from None
        before, after = constraints.judge([lead, Molecule.parse(flat.smiles)])
        if after is Violation.PATTERN_MISSING and before is not after:
            raise MoleculeError(
                "a lead that cannot be searched round",
                f"{lead.smiles} lacks what `keep` asks for once its stereo descriptors are gone, "
                "and the search proposes flat molecules; set `combined.keep_stereo=True`",
            )


def _cleaning_beside(cleaning: StandardizeConfig, leads: Sequence[str]) -> StandardizeConfig:
    """The cleaning, with charges left where it would take one off a lead."""
    charged = cleaning.with_changes({"neutralize": False})
    neutral, given = (
        [draft.smiles for draft in draft_smiles(leads, each) if draft]
        for each in (cleaning, charged)
    )
    return cleaning if neutral == given else charged
