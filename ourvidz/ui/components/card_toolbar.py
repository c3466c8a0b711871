"""The tools of a card and those of a job: one set each for the whole page."""

from ourvidz.ui.components.actions import Actions
from ourvidz.ui.components.hover_tools import HoverTools, Verb


class CardToolbar(HoverTools):
    """Sits in the card that is hovered, focused or long-pressed. `on_view` opens the lightbox."""

    def __init__(self, actions: Actions, *, on_view: Verb) -> None:
        super().__init__('.card[data-asset-id]', id_attribute='data-asset-id')
        self.classes('card-tools').props('role=toolbar aria-label="What to do with this picture"')
        self.add('view', 'View', on_view, testid='card-view')
        self.add('download', 'Download', actions.download, testid='card-download')
        self.add('reference', 'Use as reference', actions.use_as_reference, testid='card-reference')
        self.add('seed', 'Use this seed', actions.use_seed, testid='card-seed')
        self.add('regenerate', 'Regenerate', actions.regenerate, testid='card-regenerate')
        self.add('regenerate', 'Make it again', actions.remake, testid='card-retry').classes('only-failed')
        self.add('video', 'Create video', actions.create_video, testid='card-video').classes('only-image')
        self.add(
            'dismiss',
            'Dismiss: stays in the library',
            actions.dismiss,
            testid='card-dismiss',
            leaving='.job-group .card',
        )
        self.add('delete', 'Delete', actions.delete, testid='card-delete', leaving='.card', is_danger=True)


class JobToolbar(HoverTools):
    """Sits in the line of the job that is hovered or focused."""

    def __init__(self, actions: Actions) -> None:
        super().__init__('.job-group', id_attribute='data-job-id', place='.job-head', is_tapped=True)
        self.classes('job-tools').props('role=toolbar aria-label="What to do with this job"')
        group = '.job-group'
        self.add('copy', 'Copy prompt', actions.copy_prompt, testid='job-copy')
        self.add('regenerate', 'Regenerate', actions.regenerate_job, testid='job-regenerate')
        self.add('reference', 'Use as reference', actions.use_job_as_reference, testid='job-reference')
        self.add('dismiss', 'Dismiss', actions.dismiss_job, testid='job-dismiss', leaving=group)
        self.add('delete', 'Delete', actions.delete_job, testid='job-delete', leaving=group, is_danger=True)
