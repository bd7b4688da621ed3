"""What the pictures of one side of a data set are: how many of each size and kind, their values, and a few of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from pix2pix.data.domains import Domain
from pix2pix.data_check.suggestions import MOST_DISTINCT, distinct_values, resolve, suggest_domain
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import in_words, opaque, said_of


@dataclass
class Side:
    """Counted picture by picture.

    Attributes:
        sizes, kinds: how many there are of each.
        missing: values that are NaN or infinite, of `values`.
        distinct: the values, or colours, of all pictures (see `distinct_values`); None where they are many.
        pictures: a few.
        turned: pictures that their files have turned or mirrored (EXIF, TIFF).
        twins: of which two numbers of a palette have one colour.
        examples: of each kind the first picture, and its pair's name.
    """

    sizes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    low: float = np.inf
    high: float = -np.inf
    missing: int = 0
    values: int = 0
    distinct: set[int] | None = field(default_factory=set)
    pictures: list[Array] = field(default_factory=list)
    turned: int = 0
    twins: int = 0
    examples: dict[str, tuple[Array, str]] = field(default_factory=dict)

    def add(self, picture: Array, name: str, *, keep: bool) -> None:
        """Count a picture, and keep it where it is one of the few."""
        height, width, _ = picture.shape
        self.sizes[f"{width}×{height}"] += 1
        kind = in_words(picture)
        self.kinds[kind] += 1
        self.examples.setdefault(kind, (picture, name))
        self.twins += said_of(picture).twins
        if keep:
            self.pictures.append(picture)
        picture = np.asarray(opaque(picture))
        finite = picture[np.isfinite(picture)] if picture.dtype.kind == "f" else picture
        self.values += picture.size
        self.missing += picture.size - finite.size
        if finite.size:
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
        if self.distinct is not None:
            found = distinct_values(picture)
            self.distinct = None if found is None else self.distinct | found
            if self.distinct is not None and len(self.distinct) > MOST_DISTINCT:
                self.distinct = None

    @property
    def in_words(self) -> str:
        """The values that there are, and how many are none."""
        if self.low > self.high:
            return "no value at all: every one is NaN"
        missing = f"; {100 * self.missing / self.values:.2g} % are NaN" if self.missing else ""
        return f"{self.low:g} to {self.high:g}{missing}"

    @property
    def domain(self) -> Domain:
        """The domain that the pictures suggest; of several dtypes that which most files have."""
        dtypes: Counter[np.dtype[np.generic]] = Counter()
        for kind, count in self.kinds.items():
            dtypes[self.examples[kind][0].dtype] += count
        most = dtypes.most_common(1)[0][0]
        usual = [picture for picture in self.pictures if picture.dtype == most]
        return suggest_domain(usual or self.pictures, self.distinct)

    def unreadable(self, domain: Domain) -> list[str]:
        """The kinds of files that this domain does not read, each in words with its first file."""
        resolved = resolve(
            domain, [picture for picture in self.pictures if opaque(picture).shape[2] == domain.channels]
        )
        found = []
        for kind, (picture, name) in self.examples.items():
            try:
                resolved.prepare(picture, name)
            except BadPairError as error:
                found.append(f"{self.kinds[kind]} of {sum(self.kinds.values())} are {kind}: {error}")
        return found
