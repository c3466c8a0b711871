"""A device with a settable memory size: it accounts loads and runs, and runs out of memory as a real one."""

from collections import OrderedDict
from dataclasses import dataclass, field

from ourvidz.engine.worker.memory.descent import Descent
from ourvidz.engine.worker.memory.estimate import Need, Work, estimate
from ourvidz.engine.worker.memory.policy import MemoryPolicy
from ourvidz.engine.worker.memory.record import MemoryRecord
from ourvidz.engine.worker.memory.rung import Placement, Rung, ladder
from ourvidz.engine.worker.memory.weights import Part, Stage, Weights

GB = 10**9


def sdxl_like(key: str = 'sdxl', *, scale: float = 1.0, pipeline: str = 'StableDiffusionXLPipeline') -> Weights:
    """The sizes of SDXL in half precision, times `scale`."""
    parts = {
        'text_encoder': Part(Stage.ENCODE, int(1.64 * GB * scale), int(0.13 * GB * scale)),
        'unet': Part(Stage.DENOISE, int(5.14 * GB * scale), int(0.03 * GB * scale)),
        'vae': Part(Stage.DECODE, int(0.17 * GB * scale), int(0.005 * GB * scale)),
    }
    return Weights(key, pipeline, parts, hidden=1280, channels=128, value_bytes=2)


@dataclass
class SimulatedDevice:
    """Bytes used and the peak; raises MemoryError for what does not fit."""

    size: int
    used: int = 0
    peak: int = 0

    def take(self, amount: int) -> None:
        if self.used + amount > self.size:
            raise MemoryError
        self.used += amount
        self.peak = max(self.peak, self.used)

    def give_back(self, amount: int) -> None:
        self.used -= amount


@dataclass
class SimulatedEngine:
    """Loads and runs models on a simulated device by the real policy.

    `truth` holds by model what its stages really take of the estimate; the policy learns it from runs only.
    """

    size: int
    kind: str = 'cuda'
    host: int | None = None
    record: MemoryRecord = field(default_factory=MemoryRecord)
    truth: dict[str, dict[Stage, float]] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    attempts: list[Rung] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.device = SimulatedDevice(self.size)
        self.policy = MemoryPolicy(device=self.kind, record=self.record)
        self.loaded: OrderedDict[str, int] = OrderedDict()

    def run(self, weights: Weights, work: Work, *, count: int = 1) -> list[Rung]:
        """Make pictures and give the rungs that fitted. Raises OutOfMemory."""
        descent = Descent(
            policy=self.policy, shelf=self, weights=weights, work=work, title=weights.key, tell=self.notes.append
        )
        fitted: list[Rung] = []
        while count > 0:
            rung = descent.next(count)
            self.attempts.append(rung)
            try:
                peak = self._make(weights, work, rung)
            except MemoryError:
                descent.failed()
                continue
            finally:
                descent.end()
            descent.worked(peak)
            fitted.append(rung)
            count -= rung.batch
        return fitted

    def really(self, weights: Weights, work: Work, rung: Rung) -> Need:
        """What a run takes in truth."""
        return estimate(weights, work, rung, corrections=self.truth.get(weights.key))

    def could_fit(self, weights: Weights, work: Work) -> bool:
        """Whether any rung would, with the device for itself."""
        rungs = ladder(weights.pipeline, self.kind, count=1)
        needs = [self.really(weights, work, rung) for rung in rungs]
        return any(need.total <= self.device.size and (self.host is None or need.host <= self.host) for need in needs)

    def capacity(self) -> int:
        return self.device.size

    def host_room(self) -> int | None:
        return self.host

    def others(self, key: str) -> list[tuple[str, int]]:
        return [(other, size) for other, size in self.loaded.items() if other != key]

    def unload(self, keys: list[str]) -> None:
        for key in keys:
            self.device.give_back(self.loaded.pop(key))

    def _make(self, weights: Weights, work: Work, rung: Rung) -> int:
        need = self.really(weights, work, rung)
        self._place(weights, need.resident)
        self.device.take(need.working)
        self.device.give_back(need.working)
        assert rung.placement is not Placement.CPU or self.device.used == sum(self.loaded.values())
        return need.working

    def _place(self, weights: Weights, resident: int) -> None:
        if weights.key not in self.loaded:
            self.loads.append(weights.key)
        self.device.give_back(self.loaded.pop(weights.key, 0))
        self.device.take(resident)
        self.loaded[weights.key] = resident
