"""Which part of a given picture is used: it is cropped around its middle to the shape of the result."""

from dataclasses import dataclass

from ourvidz.generation.references import Reference
from ourvidz.models.catalog import Catalog
from ourvidz.workspace.abilities import chosen_spec
from ourvidz.workspace.prompt_form import PromptForm

NEGLIGIBLE = 0.03
MUCH = 0.25


@dataclass(frozen=True, slots=True)
class Crop:
    """The shares of a picture's width and height that are used, and the shape that asks for it."""

    across: float
    down: float
    shape: str

    @property
    def is_much(self) -> bool:
        """Whether so much is left out that it should be said at once."""
        return self.across * self.down < 1 - MUCH

    @property
    def words(self) -> str:
        """What is left out, '' if next to nothing."""
        if min(self.across, self.down) > 1 - NEGLIGIBLE:
            return ''
        sides = 'left and right' if self.across < self.down else 'top and bottom'
        return f'Cropped to {self.shape}: {1 - self.across * self.down:.0%} of it is left out, at {sides}.'


def crop_of(reference: Reference, form: PromptForm, catalog: Catalog) -> Crop:
    """How the picture is cropped for what Generate would make."""
    shape = form.aspect_ratio.value
    spec = chosen_spec(form, catalog)
    width, height = (spec.sizes.get(shape) if spec is not None else None) or map(int, shape.split(':'))
    given, wanted = reference.width / reference.height, width / height
    return Crop(min(1.0, wanted / given), min(1.0, given / wanted), shape)
