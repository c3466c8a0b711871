"""A button that is an icon: one element with a name, a tip and a drawing."""

from nicegui import ui

from ourvidz.ui.icons import svg


class IconButton(ui.element):
    """An icon that acts. `label` is its name for screen readers and, unless `tip` is given, its tip."""

    def __init__(self, icon: str, label: str, *, testid: str = '', tip: str | None = None, size: int = 20) -> None:
        super().__init__('button')
        self.classes('icon-button').props('type=button')
        self._size = size
        if testid:
            self.props['data-testid'] = testid
        self.show(icon, label, tip=tip)

    def show(self, icon: str, label: str, *, tip: str | None = None) -> None:
        """Change drawing and name."""
        self.props['innerHTML'] = svg(icon, size=self._size)
        self.props['aria-label'] = label
        self.props['data-tip'] = label if tip is None else tip
