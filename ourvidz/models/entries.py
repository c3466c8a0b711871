"""Reads catalog files: families and models as data become ModelSpecs; found files take after their family."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ourvidz.models.local_files import SELF_DESCRIPTION, FoundModel
from ourvidz.models.spec import ModelSpec

OWN_CATALOG = Path(__file__).parent / 'catalog.toml'
FULL_SIZE = 1024

Table = dict[str, Any]


@dataclass(slots=True)
class Entries:
    """The families and models of one or more catalog files; `problems` says which entries were left out, and why."""

    families: dict[str, Table] = field(default_factory=dict)
    models: dict[str, Table] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """Add a catalog file; a file that is not there is no problem."""
        try:
            content = tomllib.loads(path.read_text('utf-8'))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            self.problems.append(f'{path} cannot be read: {error}')
            return
        self.families.update(content.get('families', {}))
        self.models.update(content.get('models', {}))

    def specs(self) -> Iterator[ModelSpec]:
        """The models of the files, none of them installed."""
        for id_, table in self.models.items():
            if spec := self._spec(id_, table):
                yield spec

    def installed(self, found: FoundModel, *, id: str) -> ModelSpec | None:
        """What is found on the disk: the catalog's model of this id, or one that takes after its family.

        None, with a problem noted, if no family fits. What a folder says of itself (`ourvidz.toml`) comes first.
        """
        own = self._self_description(found.path)
        table = dict(self._known(found, id)) or self._local(found, own)
        if not table:
            self.problems.append(f'{found.path}: the pipeline {found.pipeline or found.family!r} is not supported.')
            return None
        table |= {'token_limit': found.token_limit} if found.token_limit else {}
        return self._spec(id, table | own | {'path': found.path, 'size_on_disk': found.size})

    def _known(self, found: FoundModel, id_: str) -> Table:
        table = self.models.get(id_, {})
        pipelines = self.families.get(table.get('family', ''), {}).get('pipelines', [])
        return table if found.pipeline in ('', table.get('pipeline'), *pipelines) else {}

    def _local(self, found: FoundModel, own: Table) -> Table:
        family = own.get('family') or found.family or self._family_of(found.pipeline)
        if family not in self.families:
            return {}
        table: Table = {'title': found.path.stem if found.path.is_file() else found.path.name, 'is_local': True}
        table |= {'pipeline': found.pipeline} if found.pipeline else {}
        table |= {'abilities': found.abilities} if found.abilities else {}
        if found.size:
            table['memory_gb'] = memory_of(found.size, self._family(family).get('memory_gb', {}))
        return table | self._fitting_sizes(family, found.native_size) | {'family': family}

    def _spec(self, id_: str, table: Table) -> ModelSpec | None:
        try:
            family = self._family(str(table['family']))
            values = {**family, **table, 'id': id_}
            pipelines = values.pop('pipelines')
            values.setdefault('pipeline', pipelines[0])
            values.setdefault('title', id_)
            return ModelSpec.model_validate(values)
        except KeyError as error:
            self.problems.append(f'The entry {id_} names no family that is known ({error}).')
        except ValidationError as error:
            first = error.errors()[0]
            self.problems.append(f'The entry {id_} is wrong at {".".join(map(str, first["loc"]))}: {first["msg"]}.')
        return None

    def _family(self, name: str) -> Table:
        family = dict(self.families[name])
        like = family.pop('like', None)
        return self._family(like) | family if like else family

    def _family_of(self, pipeline: str) -> str:
        return next(
            (
                name
                for name, family in self.families.items()
                if not name.startswith('spark') and pipeline in family['pipelines']
            ),
            '',
        )

    def _self_description(self, path: Path) -> Table:
        try:
            return tomllib.loads((path / SELF_DESCRIPTION).read_text('utf-8')) if path.is_dir() else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.problems.append(f'{path / SELF_DESCRIPTION} cannot be read: {error}')
            return {}

    def _fitting_sizes(self, family: str, native: int | None) -> Table:
        """A model that was trained on smaller squares than its family makes smaller pictures of the same shapes."""
        sizes = self._family(family).get('sizes', {})
        square = sizes.get('1:1', [FULL_SIZE])[0]
        if not native or native == square or family.startswith('spark'):
            return {}
        scale = native / square
        return {'sizes': {ratio: tuple(_rounded(side * scale) for side in size) for ratio, size in sizes.items()}}


def memory_of(size: int, family: dict[str, float]) -> dict[str, float]:
    """What weights of so many bytes need, in GB: half as much again at work, twice that on a CPU in 32 bit.

    Layer by layer it is what any model of the family needs, and eight bits are for those families that can.
    """
    shares = {'full': 1.2, 'model_offload': 0.8, 'cpu': 2.2} | ({'fp8_offload': 0.6} if 'fp8_offload' in family else {})
    layers = {way: need for way, need in family.items() if way == 'group_offload'}
    return layers | {placement: round(size / 1e9 * share + 0.3, 2) for placement, share in shares.items()}


def _rounded(side: float) -> int:
    return max(8, round(side / 8) * 8)
