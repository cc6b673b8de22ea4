from waves.cli.demo import task_sample  # noqa: F401 - a task of this file: makes the demo's repository
from waves.tasks import load

globals().update(load("plans", first=["sample"]))
