"""What a deployment costs in a month: a workload, what a message takes (measured), and unit prices (dated)."""

from mozaiks_local.cost.bill import Bill, Line, bill
from mozaiks_local.cost.data import Measured, Prices, measured, prices
from mozaiks_local.cost.workload import Deployment, Workload

__all__ = ["Bill", "Deployment", "Line", "Measured", "Prices", "Workload", "bill", "measured", "prices"]
